namespace AgentReadiness.Cli.Tests;

public sealed class EvalsImportTests
{
    private static readonly string[] Keys =
    [
        "format",
        "cases",
        "passed",
        "failed",
        "errored",
        "skipped",
        "score",
        "lower",
        "upper",
        "verdict",
        "reason",
        "failing",
    ];

    private static string Native(int passed, int failed, string failedTag = "none", int skipped = 0)
    {
        var cases = Enumerable
            .Range(0, passed)
            .Select(i => $$"""{"id":"good-{{i:000}}","passed":true}""")
            .Concat(Enumerable.Range(0, failed).Select(i => $$"""{"id":"bad-{{i:000}}","passed":false,"tags":["{{failedTag}}"]}"""))
            .Concat(Enumerable.Range(0, skipped).Select(i => $$"""{"id":"later-{{i:000}}","skipped":true}"""))
            .ToList();
        return string.Join('\n', [$$"""{"format":"agentreadiness.dev/results/v1","cases":{{cases.Count}}}""", .. cases]);
    }

    private static async Task<(int Code, JsonObject Result, string Error)> ImportAsync(string text, params string[] options)
    {
        var (code, output, error) = await CommandLine.RunAsync(text, ["evals", "import", "-", .. options]);
        var result = JsonNode.Parse(output)!.AsObject();
        result.Select(pair => pair.Key).ShouldBe(Keys);
        return (code, result, error);
    }

    [Theory]
    [InlineData(100, 0, 0, "Passed", "ScoreCleared")]
    [InlineData(80, 20, 1, "Failed", "ScoreTooLow")]
    [InlineData(94, 6, 3, "Inconclusive", "BoundsStraddle")]
    [InlineData(9, 0, 3, "Inconclusive", "TooFewCases")]
    [InlineData(0, 0, 4, "Error", "NoCases")]
    public async Task TheExitCodeIsTheVerdict(int passed, int failed, int code, string verdict, string reason)
    {
        var result = await ImportAsync(Native(passed, failed), "--min-score", "0.9");
        result.Code.ShouldBe(code);
        ((string)result.Result["verdict"]!, (string)result.Result["reason"]!).ShouldBe((verdict, reason));
        result.Error.ShouldStartWith(verdict + ": ");
    }

    [Fact]
    public async Task PrintsCountsBoundsAndFailingCases()
    {
        var (code, output, _) = await CommandLine.RunAsync(
            Native(3, 1, skipped: 2),
            "evals",
            "import",
            "-",
            "--min-score",
            "0.5",
            "--min-cases",
            "4"
        );
        code.ShouldBe(3);
        output.ShouldBe(
            """
            {
              "format": "native",
              "cases": 6,
              "passed": 3,
              "failed": 1,
              "errored": 0,
              "skipped": 2,
              "score": "0.75",
              "lower": "0.356168",
              "upper": "0.942093",
              "verdict": "Inconclusive",
              "reason": "BoundsStraddle",
              "failing": [
                "bad-000"
              ]
            }

            """.ReplaceLineEndings("\n")
        );
    }

    [Fact]
    public async Task AnErrorHasNoScore()
    {
        var result = (await ImportAsync("{\"results\":", "--min-score", "0.5")).Result;
        result["score"].ShouldBeNull();
        result["lower"].ShouldBeNull();
        result["upper"].ShouldBeNull();
        ((string)result["reason"]!).ShouldBe("ResultsUnreadable");
    }

    [Fact]
    public async Task NothingOfTheFileReachesTheTerminalAsACommand()
    {
        var (code, _, error) = await ImportAsync(
            """{"format":"agentreadiness.dev/results/v1","cases":[{"id":"a\u001b[2J\nPassed: b","error":"x"}]}""",
            "--min-score",
            "0.5"
        );
        code.ShouldBe(4);
        error.TrimEnd('\n').ShouldNotContain(letter => char.IsControl(letter));
    }

    [Fact]
    public async Task TheListOfFailingCasesIsBounded()
    {
        var result = (await ImportAsync(Native(100, 300), "--min-score", "0.9")).Result;
        ((int)result["failed"]!).ShouldBe(300);
        result["failing"]!.AsArray().Count.ShouldBe(100);
    }

    [Fact]
    public async Task CriticalTagsMayBeGivenSeveralTimes()
    {
        var text = Native(499, 1, "safety");
        (await ImportAsync(text, "--min-score", "0.9")).Code.ShouldBe(0);
        var result = await ImportAsync(text, "--min-score", "0.9", "--critical-tag", "safety");
        (result.Code, (string)result.Result["reason"]!).ShouldBe((1, "CriticalCaseFailed"));
        (await ImportAsync(text, "--min-score", "0.9", "--critical-tag", "safety", "--critical-tag", "privacy")).Code.ShouldBe(4);
    }

    [Fact]
    public async Task ComparesWithABaseline()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            await File.WriteAllTextAsync(path, Native(300, 0));
            var now =
                Native(290, 0)
                + "\n"
                + string.Join(
                    '\n',
                    Enumerable
                        .Range(290, 10)
                        .Select(i => $$"""{"id":"good-{{i.ToString("000", CultureInfo.InvariantCulture)}}","passed":false}""")
                );
            now = now.Replace("\"cases\":290", "\"cases\":300", StringComparison.Ordinal);
            (await ImportAsync(now, "--min-score", "0.9")).Code.ShouldBe(0);
            var result = await ImportAsync(now, "--min-score", "0.9", "--baseline", path);
            (result.Code, (string)result.Result["reason"]!).ShouldBe((1, "Regressed"));
            (await ImportAsync(now, "--min-score", "0.9", "--baseline", path, "--max-regression", "0.05")).Code.ShouldBe(0);
            (await ImportAsync(now, "--min-score", "0.9", "--baseline", path + ".none")).Code.ShouldBe(4);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task AFileThatIsNotThereIsAnErrorWithItsReason()
    {
        var (code, output, error) = await CommandLine.RunAsync("", "evals", "import", "/no/such/results.json", "--min-score", "0.9");
        code.ShouldBe(4);
        ((string)JsonNode.Parse(output)!["reason"]!).ShouldBe("ResultsUnreadable");
        error.ShouldContain("/no/such/results.json");
    }

    [Theory]
    [InlineData("evals")]
    [InlineData("evals", "import")]
    [InlineData("evals", "import", "-")]
    [InlineData("evals", "import", "--min-score", "0.9")]
    [InlineData("evals", "import", "-", "--min-score", "1.1")]
    [InlineData("evals", "import", "-", "--min-score", "-0.1")]
    [InlineData("evals", "import", "-", "--min-score", "NaN")]
    [InlineData("evals", "import", "-", "--min-score", "high")]
    [InlineData("evals", "import", "-", "--min-score")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--confidence", "0.4")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--confidence", "1")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--min-cases", "0")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--min-cases", "2.5")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--max-regression", "2")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--baseline", "-")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--critical", "x")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--looks", "0")]
    [InlineData("evals", "import", "-", "--min-score", "0.9", "--looks", "1.5")]
    [InlineData("evals", "import", "-", "other", "--min-score", "0.9")]
    [InlineData("evals", "imports")]
    public async Task AWrongCommandLineIsNoVerdict(params string[] arguments)
    {
        var (code, output, error) = await CommandLine.RunAsync(Native(100, 0), arguments);
        code.ShouldBe(2);
        error.ShouldNotBeEmpty();
        output.ShouldNotContain("verdict\"");
    }

    [Fact]
    public async Task LooksSplitTheError()
    {
        // 96 of 100 clear 0.9 at 0.95, and not at the 0.99 of each of five looks.
        (await ImportAsync(Native(96, 4), "--min-score", "0.9")).Code.ShouldBe(0);
        var five = await ImportAsync(Native(96, 4), "--min-score", "0.9", "--looks", "5");
        var once = await ImportAsync(Native(96, 4), "--min-score", "0.9", "--confidence", "0.99");
        five.Code.ShouldBe(3);
        ((string)five.Result["lower"]!).ShouldBe((string)once.Result["lower"]!);
    }

    [Fact]
    public async Task PermutingTheCasesGivesTheSameBytes()
    {
        var lines = Native(40, 10, skipped: 3).Split('\n');
        for (var i = 1; i < lines.Length; i++)
            lines[i] = lines[i].Insert(1, string.Create(CultureInfo.InvariantCulture, $"\"weight\":{1 + (i % 3)}.1,"));
        var random = new Random(1);
        var first = await CommandLine.RunAsync(string.Join('\n', lines), "evals", "import", "-", "--min-score", "0.8");
        first.Output.ShouldContain("\"native\"");
        for (var i = 0; i < 10; i++)
        {
            random.Shuffle(lines.AsSpan(1));
            (await CommandLine.RunAsync(string.Join('\n', lines), "evals", "import", "-", "--min-score", "0.8")).ShouldBe(first);
        }
    }

    [Fact]
    public async Task OtherCommandsKeepTheirExitCode() => (await CommandLine.RunAsync("", "check")).Code.ShouldBe(1);

    [Fact]
    public async Task TheHelpNamesExitCodes()
    {
        var (code, output, _) = await CommandLine.RunAsync("", "evals", "import", "--help");
        code.ShouldBe(0);
        output.ShouldContain("Exit codes: 0 Passed; 1 Failed; 2 the command line is wrong; 3 Inconclusive; 4 Error");
    }
}
