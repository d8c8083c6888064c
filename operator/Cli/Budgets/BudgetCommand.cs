using System.CommandLine;

namespace AgentReadiness.Cli.Budgets;

/// <summary>"budget": tells how budgets stand and where they go, and makes the two changes that cannot wait for a review.</summary>
internal static class BudgetCommand
{
    /// <summary>The name of the group of commands.</summary>
    public const string Group = "budget";

    private const int Good = 0;
    private const int Spent = 1;

    /// <summary>The group with its commands.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="connect">Makes a connection to a cluster.</param>
    public static Command Create(TimeProvider time, Func<ClusterOptions, Cluster> connect) =>
        new(
            Group,
            """
            Budgets of agents and shared budgets: what is spent, where it goes, and break-glass.

            Exit codes: 0 done; 1 only of "show --fail-when-exhausted"; 2 the command line is wrong, or it could not be done: one line on
            standard error says why.
            """
        )
        {
            Show(time, connect),
            Forecasts(time, connect),
            Burndown(time, connect),
            SpendCommand.Create(connect),
            ChangeCommands.Raise(time, connect),
            ChangeCommands.WriteOff(connect),
        };

    private static Command Show(TimeProvider time, Func<ClusterOptions, Cluster> connect)
    {
        var fail = new Option<bool>("--fail-when-exhausted")
        {
            Description = "Exit with code 1 where calls are refused because a window is spent.",
        };
        return Reads(
            "show",
            """
            Shows each window: spent (unproven and written off in it), what pods hold, the cap in force, what is left, and where it goes
            ("forecast" says how).

            The BudgetLedger is read where you may, which is up to date; else the object's status, which is at most 5 minutes behind while
            the operator works. The last lines say which it was, who raised a cap until when, and what to do about a window that is
            exhausted.
            """,
            time,
            connect,
            fail,
            (report, now) => BudgetTable.Show(report, now)
        );
    }

    private static Command Forecasts(TimeProvider time, Func<ClusterOptions, Cluster> connect) =>
        Reads(
            "forecast",
            """
            Says what each window will have spent at its end, and when its cap will be reached if it will.

            Linear: spend at the end = spent x length of the window / time since it began, unproven spend included. The time since it began
            is counted until now where the ledger was read; else until the status was written, or until 5 minutes ago if that is later: the
            operator writes changes within 5 minutes. "unknown" where less than 1 % of the window has passed or nothing is spent, and for
            Total windows, which never end. A cap holds: what is above it is refused.
            """,
            time,
            connect,
            null,
            (report, now) => BudgetTable.Forecasts(report, now)
        );

    private static Command Burndown(TimeProvider time, Func<ClusterOptions, Cluster> connect) =>
        Reads(
            "burndown",
            """
            Draws what is left of each cap against the time that is left, beside what even spending would leave. Letters only, no colour.
            """,
            time,
            connect,
            null,
            (report, now) => BurndownChart.Draw(report, now)
        );

    private static Command Reads(
        string name,
        string description,
        TimeProvider time,
        Func<ClusterOptions, Cluster> connect,
        Option<bool>? fail,
        Func<BudgetReport, DateTimeOffset, IEnumerable<string>> write
    )
    {
        var ledger = new Option<bool>("--ledger") { Description = "Read the BudgetLedger, and fail where it cannot be read." };
        var status = new Option<bool>("--status") { Description = "Read only the object's status." };
        var space = new Option<string>("--operator-namespace")
        {
            Description = "The operator's namespace, where ledgers are.",
            DefaultValueFactory = _ => "agent-readiness-system",
        };
        var output = new Option<string?>("--output", "-o") { Description = "Write json: amounts are then exact decimal strings." };
        var command = new Command(name, description) { ledger, status, space, output };
        if (fail is not null)
            command.Add(fail);
        return new BudgetOptions(connect).AddTo(
            command,
            async (parsed, cluster, target, cancellationToken) =>
            {
                if (parsed.GetValue(output) is { } format and not "json")
                    throw new RefusalException($"--output: \"{format}\" is not known: write json, or leave it out");
                if (parsed.GetValue(ledger) && parsed.GetValue(status))
                    throw new RefusalException("--ledger: give it or --status, not both");
                var source =
                    parsed.GetValue(ledger) ? BudgetSource.Ledger
                    : parsed.GetValue(status) ? BudgetSource.Status
                    : BudgetSource.Either;
                var now = time.GetUtcNow();
                var report = await new BudgetReader(cluster, parsed.GetRequiredValue(space)).ReadAsync(
                    target,
                    source,
                    now,
                    cancellationToken
                );
                var text = parsed.InvocationConfiguration.Output;
                foreach (var line in parsed.GetValue(output) is null ? write(report, now) : [BudgetJson.Write(report, now)])
                    await text.WriteLineAsync(line);
                return fail is not null && parsed.GetValue(fail) && report.Exhausted ? Spent : Good;
            }
        );
    }
}
