namespace AgentReadiness.Cli.Tests.Budgets;

public sealed class BudgetChangeTests
{
    private const string Agent = "shop/agentdeployments/support";
    private static readonly string[] Raise =
    [
        "raise",
        "support",
        "--period",
        "day",
        "--to",
        "80",
        "--until",
        "2h",
        "--reason",
        "launch, ticket 42",
    ];
    private static readonly string[] WriteOff =
    [
        "write-off",
        "support",
        "--period",
        "Day",
        "--window",
        "2026-11-24",
        "--cost",
        "3.20",
        "--reason",
        "bill of November",
    ];
    private readonly FakeServer server = new();

    public BudgetChangeTests()
    {
        server.Add(
            Agent,
            """
            {"metadata": {"name": "support", "namespace": "shop", "resourceVersion": "7"},
             "spec": {"budget": {"windows": [{"period": "Day", "maxCost": "50"},
               {"period": "Month", "maxTokens": 4000000, "resume": "Manual"}],
               "raises": [{"period": "Month", "maxTokens": 5000000, "reason": "old", "requestedBy": "bo",
                 "expiresAt": "2026-11-24T19:00:00Z"}]}},
             "status": {"budget": [{"budget": "day", "period": "Day", "window": "2026-11-24", "spent": "45", "unproven": "3.2", "cap": "50",
               "ends": "2026-11-25T00:00:00Z", "asOf": "2026-11-24T17:58:00Z"}]}}
            """
        );
        server.Add(
            "shop/agentbudgets/team",
            """{"metadata": {"resourceVersion": "3"}, "spec": {"windows": [{"period": "Week", "maxCost": "7"}]}}"""
        );
    }

    [Fact]
    public async Task A_raise_is_one_entry_that_says_who_and_why()
    {
        var (code, output, error) = await server.RunAsync(Raise);

        (code, error).ShouldBe((0, ""));
        output.ShouldBe(
            "agd/support of namespace shop: window day raised from $50 to 80 until 2026-11-24T20:00:00Z (2h0m) by ana@example.org: "
                + "launch, ticket 42\n"
        );
        server
            .Patches.ShouldHaveSingleItem()
            .ToJsonString()
            .ShouldBe(
                """[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},"""
                    + """{"op":"add","path":"/spec/budget/raises/-","value":{"period":"Day","maxCost":"80","reason":"launch, """
                    + """ticket 42","requestedBy":"ana@example.org","expiresAt":"2026-11-24T20:00:00Z"}}]"""
            );
    }

    [Fact]
    public async Task A_raise_in_force_is_replaced_and_told()
    {
        var (code, output, _) = await server.RunAsync(
            "raise",
            "support",
            "--period",
            "Month",
            "--tokens",
            "6000000",
            "--until",
            "2026-11-25T10:00:00+01:00",
            "--reason",
            "more",
            "--by",
            "cy"
        );
        code.ShouldBe(0);
        output.ShouldContain("raised from 5000000 tokens to 6000000 until 2026-11-25T09:00:00Z (15h0m) by cy: more\n");
        output.ShouldContain("note: it takes the place of the raise until 2026-11-24T19:00:00Z by bo: old\n");
        output.ShouldContain("note: resume is Manual");
        server.Patches[0][1]!["path"]!.GetValue<string>().ShouldBe("/spec/budget/raises/0");
        server.Patches[0][1]!["op"]!.GetValue<string>().ShouldBe("replace");
    }

    [Fact]
    public async Task A_shared_budget_is_raised_where_it_is_declared()
    {
        (await server.RunAsync("raise", "agb/team", "--to", "9", "--until", "1h", "--reason", "x")).Code.ShouldBe(0);
        server["shop/agentbudgets/team"]["spec"]!["raises"]!.AsArray().ShouldHaveSingleItem()!["maxCost"]!.GetValue<string>().ShouldBe("9");
    }

    [Fact]
    public async Task The_same_cap_for_longer_is_a_raise_too()
    {
        (await server.RunAsync(Raise)).Code.ShouldBe(0);
        (await server.RunAsync([.. Raise, "--until", "2h"])).Code.ShouldBe(2);
        string[] longer = ["raise", "support", "--period", "day", "--to", "80", "--until", "3h", "--reason", "still"];
        (await server.RunAsync(longer)).Code.ShouldBe(0);
        server[Agent]["spec"]!["budget"]!["raises"]!.AsArray().Count.ShouldBe(2);
        (
            await server.RunAsync("raise", "support", "--period", "day", "--to", "80", "--until", "2h", "--reason", "shorter")
        ).Error.ShouldContain("the same with a later --until");
    }

    [Fact]
    public async Task What_somebody_else_wrote_meanwhile_is_looked_at_anew()
    {
        var raced = false;
        server.BeforePatch = () =>
        {
            if (raced)
                return;
            raced = true;
            server[Agent]["metadata"]!["resourceVersion"] = "8";
        };
        var (code, output, _) = await server.RunAsync(Raise);
        code.ShouldBe(0);
        output.ShouldContain("raised from $50 to 80");
        server.Patches.Select(patch => patch[0]!["value"]!.GetValue<string>()).ShouldBe(["7", "8"]);
    }

    [Fact]
    public async Task A_raise_that_somebody_else_wrote_meanwhile_is_not_lowered()
    {
        server.BeforePatch = () =>
        {
            server[Agent]["metadata"]!["resourceVersion"] = "8";
            server[Agent]["spec"]!["budget"]!["raises"]!
                .AsArray()
                .Add(
                    JsonNode.Parse(
                        """{"period": "Day", "maxCost": "90", "reason": "r", "requestedBy": "bo", "expiresAt": "2026-11-24T19:00:00Z"}"""
                    )
                );
        };
        var (code, _, error) = await server.RunAsync(Raise);
        (code, error).ShouldBe((2, "error: --to: the cap in force is 90: give more than that, or the same with a later --until\n"));
    }

    [Fact]
    public async Task A_race_that_does_not_end_is_told()
    {
        var version = 7;
        server.BeforePatch = () => server[Agent]["metadata"]!["resourceVersion"] = $"{++version}";
        var (code, _, error) = await server.RunAsync(Raise);
        (code, error).ShouldBe((2, "error: NAME: somebody else changed agd/support in each of 5 tries: nothing was written; try again\n"));
    }

    [Fact]
    public async Task An_old_server_does_not_know_who_we_are_but_the_kubeconfig_does()
    {
        server.Me = null;
        (await server.RunAsync(Raise)).Output.ShouldContain("by kubeconfig-user: ");
    }

    [Fact]
    public async Task For_a_repository_the_whole_list_is_printed_and_nothing_written()
    {
        var (code, output, error) = await server.RunAsync([.. Raise, "--print"]);
        code.ShouldBe(0);
        output.ShouldContain("kind: AgentDeployment\n");
        output.ShouldContain("requestedBy: bo\n");
        output.ShouldContain("maxCost: \"80\"\n");
        error.ShouldContain("not written: ");
        server.Patches.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--period: give one of Day, Month", "--period")]
    [InlineData("--period: agd/support has no window \"Hour\": give one of Day, Month", "--period", "Hour")]
    [InlineData("--to: give the cap meanwhile", "--to")]
    [InlineData("--to: the cap in force is 50: give more than that", "--to", "50")]
    [InlineData("--to: the cap in force is 50: give more than that", "--to", "49.99")]
    [InlineData("--to: \"$80\" is not an amount of dollars", "--to", "$80")]
    [InlineData("--to: \"1000000000\" is not an amount of dollars", "--to", "1000000000")]
    [InlineData("--to: the window Month has no cap on cost", "--period", "Month")]
    [InlineData("--tokens: the window Day has no cap on tokens", "--tokens", "5")]
    [InlineData("--tokens: \"-5\" is not a whole number", "--tokens", "-5")]
    [InlineData("--tokens: must be from 1 to", "--tokens", "0")]
    [InlineData("--reason: say why", "--reason")]
    [InlineData("--reason: say why", "--reason", " ")]
    [InlineData("--until: say when the raise ends", "--until")]
    [InlineData("--until: \"soon\" is no time", "--until", "soon")]
    [InlineData("--until: \"2026-11-24T20:00:00\" is no time", "--until", "2026-11-24T20:00:00")]
    [InlineData("--until: 2026-11-24T18:00:00Z is past", "--until", "2026-11-24T18:00:00Z")]
    [InlineData("--until: 2026-11-24T18:00:00Z is past", "--until", "0s")]
    [InlineData("--until: 2026-12-01T18:00:01Z is more than 7 days away", "--until", "2026-12-01T18:00:01Z")]
    public async Task A_raise_that_must_not_be_is_refused(string why, string option, string? value = null) =>
        await RefusedAsync(Raise, why, option, value);

    [Theory]
    [InlineData("--window: a write-off holds for the window that is open, \"2026-11-24\"", "--window", "2026-11-23")]
    [InlineData("--window: a write-off holds for the window that is open", "--window")]
    [InlineData("--cost: give the dollars", "--cost")]
    [InlineData("--cost: must be above zero", "--cost", "0")]
    [InlineData("--period: the status tells of no open window of period Month", "--period", "Month")]
    [InlineData("--reason: say what proves", "--reason")]
    public async Task A_write_off_that_would_change_nothing_is_refused(string why, string option, string? value = null) =>
        await RefusedAsync(WriteOff, why, option, value);

    [Fact]
    public async Task More_than_a_week_is_possible_where_it_is_meant() =>
        (
            await server.RunAsync("raise", "support", "--period", "Day", "--to", "80", "--until", "200h", "--reason", "x", "--yes")
        ).Code.ShouldBe(0);

    [Fact]
    public async Task A_write_off_takes_the_place_of_the_one_before()
    {
        (await server.RunAsync(WriteOff)).Output.ShouldBe(
            "agd/support of namespace shop: window day 2026-11-24: up to $3.2 of unproven spend written off by ana@example.org: bill of "
                + "November\n"
        );
        var (code, output, _) = await server.RunAsync(
            "write-off",
            "support",
            "--period",
            "Day",
            "--window",
            "2026-11-24",
            "--cost",
            "4",
            "--tokens",
            "10",
            "--reason",
            "more"
        );
        code.ShouldBe(0);
        output.ShouldContain("note: it takes the place of the write-off of $3.2 by ana@example.org: bill of November\n");
        output.ShouldContain("note: $3.2 are unproven as of 2026-11-24T17:58:00Z");
        server[Agent]["spec"]!["budget"]!["writeOffs"]!
            .ToJsonString()
            .ShouldBe(
                """[{"period":"Day","window":"2026-11-24","maxCost":"4","maxTokens":10,"reason":"more","requestedBy":"ana@example.org"}]"""
            );
    }

    // The option is taken out of the command, and put in with its value where there is one.
    private async Task RefusedAsync(string[] command, string why, string option, string? value)
    {
        var at = Array.IndexOf(command, option);
        var rest = at < 0 ? command : [.. command[..at], .. command[(at + 2)..]];
        var (code, output, error) = await server.RunAsync(value is null ? rest : [.. rest, $"{option}={value}"]);
        (code, output).ShouldBe((2, ""));
        error.ShouldStartWith($"error: {why}");
        error.TrimEnd().ShouldNotContain("\n");
        server.Patches.ShouldBeEmpty();
    }
}
