using System.CommandLine;
using System.Net;

namespace AgentReadiness.Cli.Budgets;

/// <summary>
/// "budget raise" and "budget write-off": each writes one list entry of the spec, by a patch that fails where the object has a newer
/// version.
/// </summary>
internal static class ChangeCommands
{
    private const int Tries = 5;

    /// <summary>Makes "raise": a higher cap until a moment.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="connect">Makes a connection to a cluster.</param>
    public static Command Raise(TimeProvider time, Func<ClusterOptions, Cluster> connect)
    {
        var change = new Change("Why the cap must be higher, with a ticket where you have one.");
        var to = new Option<string?>("--to") { Description = "The cap while the raise lasts, in USD, for example 80." };
        var until = new Option<string?>("--until")
        {
            Description = "When the raise ends: a time from now, for example 2h, or a moment, for example 2026-11-24T20:00:00Z.",
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Confirm an end that is more than 7 days away." };
        var command = change.AddTo(
            new Command(
                "raise",
                """
                Break-glass: a higher cap of a window until a moment. The spend stays: when the raise ends, what is above the cap is
                exhausted until the window ends.

                Where manifests come from a repository, a raise belongs there: --print writes it for you, reviewed and undone like any other
                change. What this command writes may be taken back by the next synchronisation that sets spec.budget.raises (of a shared
                budget: spec.raises).
                """
            )
            {
                to,
                until,
                yes,
            }
        );
        return new BudgetOptions(connect).AddTo(
            command,
            (parsed, cluster, target, cancellationToken) =>
                WriteAsync(
                    parsed,
                    change,
                    cluster,
                    target,
                    (found, by) =>
                        SpecChange.Raise(
                            found,
                            new RaiseRequest(
                                parsed.GetValue(change.Period),
                                parsed.GetValue(to),
                                change.TokenCount(parsed),
                                parsed.GetValue(until),
                                parsed.GetValue(change.Reason),
                                by,
                                parsed.GetValue(yes)
                            ),
                            time.GetUtcNow()
                        ),
                    cancellationToken
                )
        );
    }

    /// <summary>Makes "write-off": unproven spend that does not count any more.</summary>
    /// <param name="connect">Makes a connection to a cluster.</param>
    public static Command WriteOff(Func<ClusterOptions, Cluster> connect)
    {
        var change = new Change("What proves that it was not spent, for example the provider's bill.");
        var window = new Option<string?>("--window")
        {
            Description =
                "The name of the open window, as \"show\" prints it, for example 2026-11-24. It keeps a write-off that comes late from "
                + "applying to the next window.",
        };
        var cost = new Option<string?>("--cost")
        {
            Description = "How much does not count, in USD, for example 3.20. It counts up to what is unproven.",
        };
        var command = change.AddTo(
            new Command(
                "write-off",
                """
                Takes unproven spend off a window, because somebody knows that it was not spent. It takes the place of an earlier write-off
                of the same window.
                """
            )
            {
                window,
                cost,
            }
        );
        return new BudgetOptions(connect).AddTo(
            command,
            (parsed, cluster, target, cancellationToken) =>
                WriteAsync(
                    parsed,
                    change,
                    cluster,
                    target,
                    (found, by) =>
                        SpecChange.WriteOff(
                            found,
                            new WriteOffRequest(
                                parsed.GetValue(change.Period),
                                parsed.GetValue(window),
                                parsed.GetValue(cost),
                                change.TokenCount(parsed),
                                parsed.GetValue(change.Reason),
                                by
                            )
                        ),
                    cancellationToken
                )
        );
    }

    private static async Task<int> WriteAsync(
        ParseResult parsed,
        Change change,
        Cluster cluster,
        BudgetTarget target,
        Func<BudgetObject, string, SpecChange> plan,
        CancellationToken cancellationToken
    )
    {
        var output = parsed.InvocationConfiguration.Output;
        var error = parsed.InvocationConfiguration.Error;
        var by = parsed.GetValue(change.By) ?? await cluster.WhoAmIAsync(cancellationToken) ?? "";
        for (var tries = 1; ; tries++)
        {
            // The change is planned anew in each try, because somebody else may have written a raise meanwhile.
            var todo = plan(await BudgetObject.ReadAsync(cluster, target, cancellationToken), by);
            var notes = todo.Notes.Select(note => $"note: {BudgetText.Plain(note)}");
            if (parsed.GetValue(change.Print))
            {
                await output.WriteAsync(todo.Manifest);
                foreach (
                    var note in notes.Prepend(
                        $"not written: {BudgetText.Plain(todo.Done)}; the list takes the place of the one in your manifest"
                    )
                )
                    await error.WriteLineAsync(note);
                return 0;
            }
            try
            {
                await cluster.PatchAsync(target.Path, todo.Patch, cancellationToken);
            }
            catch (ClusterException exception) when (exception.Status == HttpStatusCode.Conflict)
            {
                if (tries == Tries)
                    throw new RefusalException(
                        $"NAME: somebody else changed {target} in each of {Tries} tries: nothing was written; try again"
                    );
                continue;
            }
            await output.WriteLineAsync(BudgetText.Plain(todo.Done));
            foreach (var note in notes)
                await output.WriteLineAsync(note);
            return 0;
        }
    }

    private sealed class Change(string reason)
    {
        private readonly Option<string?> tokens = new("--tokens") { Description = "The same for the tokens of the window." };

        public Option<string?> Period { get; } =
            new("--period") { Description = "The window: Hour, Day, Week, Month or Total. It may be left out where there is only one." };

        public Option<string?> Reason { get; } = new("--reason") { Description = reason };

        public Option<string?> By { get; } =
            new("--by")
            {
                Description =
                    "Who asks for it. Without it, who the API server says that you are (Kubernetes 1.28), else the kubeconfig's user.",
            };

        public Option<bool> Print { get; } =
            new("--print") { Description = "Write nothing, and print the change as YAML for a repository." };

        public Command AddTo(Command command)
        {
            foreach (var option in (Option[])[Period, tokens, Reason, By, Print])
                command.Add(option);
            return command;
        }

        public long? TokenCount(ParseResult parsed) =>
            parsed.GetValue(tokens) is not { } text ? null
            : long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var count)
                ? count
            : throw new RefusalException($"--tokens: \"{text}\" is not a whole number");
    }
}
