using System.Diagnostics;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// Files that the tools themselves wrote of a tiny suite with a pass, a failure, an error, a skip, a repeat and a case without assertions.
/// Jest, Mocha and node are run here. promptfoo and JunitXml.TestLogger take too long for each run of the tests: their files are kept in
/// data/tools, and Tools/make-*.sh writes them.
/// </summary>
public sealed class ToolFilesTests
{
    private static readonly string[] Packages = ["jest@30.5.2", "jest-junit@17.0.0", "mocha@11.7.5", "mocha-junit-reporter@2.2.1"];

    [Fact]
    public async Task Jest()
    {
        var results = ResultsFiles.Read(await JestAsync("tiny|broken"));
        results.Problems.ShouldBeEmpty();
        ResultsFiles
            .Summary(results)
            .ShouldBe([
                "Test suite failed to run.broken.test.js=Errored:0",
                "shop.asserts nothing=Passed:1",
                "shop.fails=Failed:0",
                "shop.is repeated=Failed:0.5",
                "shop.is skipped=Skipped:0",
                "shop.passes=Passed:1",
                "shop.throws=Failed:0",
            ]);
    }

    [Fact]
    public async Task Jests_todo_looks_like_a_pass_and_is_not_counted()
    {
        var problem = ResultsFiles.Read(await JestAsync("todo")).Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.CountsDisagree);
        problem.Message.ShouldContain("test.todo");
    }

    [Fact]
    public async Task Mocha()
    {
        using var folder = new Folder();
        var file = Path.Combine(folder.Path, "mocha.xml");
        var modules = await ModulesAsync();
        await NodeAsync(
            "mocha",
            [
                Path.Combine(modules, "mocha", "bin", "mocha.js"),
                "--reporter",
                Path.Combine(modules, "mocha-junit-reporter"),
                "--reporter-options",
                $"mochaFile={file}",
                "tiny.js",
            ]
        );
        var results = ResultsFiles.Read(await File.ReadAllBytesAsync(file));
        results.Problems.ShouldBeEmpty();
        // What is skipped is counted, and not written.
        ResultsFiles
            .Summary(results)
            .Select(line => line[(line.IndexOf("shop", StringComparison.Ordinal) + 5)..])
            .Order(StringComparer.Ordinal)
            .ShouldBe([
                "asserts nothing=Passed:1",
                "fails=Failed:0",
                "hook \"before all\" hook for \"never runs\"=Failed:0",
                "inner passes=Passed:1",
                "is repeated=Failed:0.5",
                "passes=Passed:1",
                "throws=Failed:0",
            ]);
    }

    [Fact]
    public async Task Node()
    {
        var results = ResultsFiles.Read(await NodeAsync("node", ["--test", "--test-reporter=junit"]));
        results.Problems.ShouldBeEmpty();
        ResultsFiles
            .Summary(results)
            .ShouldBe([
                "green / deep: test.passes=Passed:1",
                "green: test.passes=Passed:1",
                "shop / inner: test.passes=Passed:1",
                "shop: test.passes=Passed:1",
                "test.a=Passed:1",
                "test.asserts nothing=Passed:1",
                "test.b=Passed:1",
                "test.fails=Failed:0",
                "test.is repeated=Failed:0.5",
                "test.is skipped=Skipped:0",
                "test.is to be done=Failed:0",
                "test.later=Skipped:0",
                "test.throws=Failed:0",
                "test.too=Passed:1",
            ]);
    }

    [Fact]
    public void TestLogger() =>
        ResultsFiles
            .Summary(ResultsFiles.Read(ResultsFiles.Text("tools/testlogger.xml")))
            .ShouldBe([
                "Shop.Broken.NeverRuns=Failed:0",
                "Shop.Tiny.AssertsNothing=Passed:1",
                "Shop.Tiny.Fails=Failed:0",
                "Shop.Tiny.IsRepeated(time: 0)=Passed:1",
                "Shop.Tiny.IsRepeated(time: 1)=Failed:0",
                "Shop.Tiny.IsSkipped=Skipped:0",
                "Shop.Tiny.Passes=Passed:1",
                "Shop.Tiny.Throws=Failed:0",
            ]);

    [Theory]
    [InlineData("tools/promptfoo.json")]
    [InlineData("tools/promptfoo.jsonl")]
    public void Promptfoo(string file)
    {
        var results = ResultsFiles.Read(ResultsFiles.Text(file));
        results.Problems.ShouldBeEmpty();
        results
            .Cases.Select(one => $"{one.Id[..one.Id.IndexOf('#', StringComparison.Ordinal)]}={one.Outcome}:{one.Repeats}")
            .ShouldBe(["asserts nothing=Skipped:0", "errs=Errored:0", "fails=Failed:2", "is partly right=Passed:2", "passes=Passed:2"]);
    }

    [Fact]
    public void Promptfoo_with_tests_that_assert_nothing_has_no_cases()
    {
        var results = ResultsFiles.Read(ResultsFiles.Text("tools/promptfoo-asserts-nothing.json"));
        results.Cases.Count.ShouldBe(3);
        var verdict = ResultsVerdict.Decide(results, new ResultsBar(new Thresholds(0, 0.5, 1)));
        (verdict.Phase, verdict.Reason).ShouldBe((EvalPhase.Error, EvalReasons.NoCases));
        verdict.Message.ShouldContain("it asserted nothing");
    }

    private static async Task<string> JestAsync(string files)
    {
        using var folder = new Folder();
        var file = Path.Combine(folder.Path, "jest.xml");
        var modules = await ModulesAsync();
        await NodeAsync(
            "jest",
            [
                Path.Combine(modules, "jest", "bin", "jest.js"),
                files,
                "--ci",
                "--cacheDirectory",
                folder.Path,
                $"--reporters={Path.Combine(modules, "jest-junit")}",
            ],
            ("JEST_JUNIT_OUTPUT_FILE", file),
            ("JEST_JUNIT_REPORT_TEST_SUITE_ERRORS", "true"),
            ("JEST_JUNIT_CLASSNAME", "{classname}"),
            ("JEST_JUNIT_TITLE", "{title}")
        );
        return await File.ReadAllTextAsync(file);
    }

    private static async Task<string> ModulesAsync()
    {
        string[] arguments = [Repository.PathOf("tests", "npm-install.sh"), "eval-tools", .. Packages];
        return Path.Combine((await RunAsync(new ProcessStartInfo("bash", arguments))).Trim(), "node_modules");
    }

    // Tests fail in these suites, so the exit code says nothing.
    private static Task<string> NodeAsync(string suite, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("node", arguments)
        {
            WorkingDirectory = Repository.PathOf("tests", "Evals.Tests", "Tools", suite),
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return RunAsync(start);
    }

    private static async Task<string> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await error;
        await process.WaitForExitAsync();
        return output;
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("eval-tools-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
