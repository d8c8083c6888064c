using System.Globalization;
using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Budgets;

/// <summary>A raise as it was asked for.</summary>
/// <param name="Period">The period of the window; null for the only one.</param>
/// <param name="To">The cap while the raise lasts, in USD.</param>
/// <param name="Tokens">The cap on tokens while the raise lasts.</param>
/// <param name="Until">A duration from now or a moment.</param>
/// <param name="Reason">Why the cap must be higher.</param>
/// <param name="By">Who asks for it.</param>
/// <param name="Yes">Whether an end more than a week away is confirmed.</param>
internal sealed record RaiseRequest(string? Period, string? To, long? Tokens, string? Until, string? Reason, string By, bool Yes);

/// <summary>A write-off as it was asked for.</summary>
/// <param name="Period">The period of the window; null for the only one.</param>
/// <param name="Window">The window's name.</param>
/// <param name="Cost">How much does not count, USD.</param>
/// <param name="Tokens">How many tokens do not count.</param>
/// <param name="Reason">What proves that it was not spent.</param>
/// <param name="By">Who asks for it.</param>
internal sealed record WriteOffRequest(string? Period, string? Window, string? Cost, long? Tokens, string? Reason, string By);

/// <summary>One list entry of a budget, to be written. Pure.</summary>
/// <param name="Patch">RFC 6902: the object's resourceVersion, and the entry. A version that is not the newest is answered 409.</param>
/// <param name="Manifest">The same for a repository: the object's identity and the whole list.</param>
/// <param name="Done">What the change does, in a sentence.</param>
/// <param name="Notes">What else the person who makes the change should know.</param>
internal sealed record SpecChange(JsonArray Patch, string Manifest, string Done, IReadOnlyList<string> Notes)
{
    private const int LongestReason = 512;
    private const int LongestName = 253;
    private const int MostWriteOffs = 32;
    private const long MostTokens = 1_000_000_000_000;
    private const decimal MostCost = 999_999_999.999999999999m;
    private static readonly TimeSpan Long = TimeSpan.FromDays(7);

    /// <summary>Plans a raise: a higher cap until a moment.</summary>
    /// <exception cref="RefusalException">The raise would raise nothing, or is not allowed.</exception>
    public static SpecChange Raise(BudgetObject found, RaiseRequest asked, DateTimeOffset now)
    {
        var window = Window(found, asked.Period);
        var (reason, by) = Told(asked.Reason, asked.By, "why the cap must be higher, with a ticket where you have one");
        if (asked.To is null && asked.Tokens is null)
            throw new RefusalException("--to: give the cap meanwhile, for example --to 80, or --tokens for a cap on tokens");
        var until = Until(asked.Until, now, asked.Yes);
        var before = WindowLines.Raise(found.Budget, window.Period, now);
        var extends = before is not null && until > before.ExpiresAt.ToUniversalTime();
        var to = asked.To is null ? (decimal?)null : Cost(asked.To, "--to");
        if (asked.Tokens is < 1 or > MostTokens)
            throw new RefusalException($"--tokens: must be from 1 to {MostTokens}");
        var cost = Higher("--to", BudgetUnit.Usd, to, Dollars(window.MaxCost), Dollars(before?.MaxCost), window.Period, extends);
        var tokens = Higher("--tokens", BudgetUnit.Tokens, asked.Tokens, window.MaxTokens, before?.MaxTokens, window.Period, extends);
        var entry = new JsonObject { ["period"] = window.Period.ToString() };
        if (to is { } dollars)
            entry["maxCost"] = new Money(dollars).ToString();
        if (asked.Tokens is { } count)
            entry["maxTokens"] = count;
        entry["reason"] = reason;
        entry["requestedBy"] = by;
        entry["expiresAt"] = BudgetText.Moment(until);
        var notes = new List<string>();
        if (before is not null)
            notes.Add(
                $"it takes the place of the raise until {BudgetText.Moment(before.ExpiresAt.ToUniversalTime())} by {before.RequestedBy}: "
                    + $"{before.Reason}"
            );
        if (window.Resume == BudgetResume.Manual)
            notes.Add($"resume is Manual: an exhaustion of the window {WindowLines.Key(window.Period)} also needs resumedAt");
        notes.AddRange(
            found
                .Status.Where(row => row.Exhausted == true && row.Budget != WindowLines.Key(window.Period))
                .Select(row => $"{row.Budget} is exhausted too: calls stay refused until it is raised or ends")
        );
        var caps = string.Join(" and ", new[] { cost, tokens }.Where(text => text is not null));
        return Of(
            found,
            "raises",
            entry,
            (raise, _) => raise["period"]?.GetValue<string>() == window.Period.ToString(),
            notes,
            $"window {WindowLines.Key(window.Period)} raised {caps} until {BudgetText.Moment(until)} ({BudgetText.Time(until - now)}) by "
                + $"{by}: {reason}"
        );
    }

    /// <summary>Plans a write-off: unproven spend that does not count any more.</summary>
    /// <exception cref="RefusalException">The write-off would change nothing.</exception>
    public static SpecChange WriteOff(BudgetObject found, WriteOffRequest asked)
    {
        var window = Window(found, asked.Period);
        var (reason, by) = Told(asked.Reason, asked.By, "what proves that it was not spent, for example the provider's bill");
        var cost = Cost(
            asked.Cost
                ?? throw new RefusalException(
                    "--cost: give the dollars that do not count, for example --cost 3.20; with --tokens alone, --cost 0"
                ),
            "--cost"
        );
        if (asked.Tokens is < 0 or > MostTokens)
            throw new RefusalException($"--tokens: must be from 0 to {MostTokens}");
        if (cost == 0 && asked.Tokens is null or 0)
            throw new RefusalException("--cost: must be above zero, or give --tokens: else nothing is written off");
        var row = found.Status.FirstOrDefault(row => row.Budget == WindowLines.Key(window.Period));
        if (row?.Window is not { } open)
            throw new RefusalException(
                $"--period: the status tells of no open window of period {window.Period}, so nothing of it is unproven"
            );
        if (asked.Window != open)
            throw new RefusalException(
                $"--window: a write-off holds for the window that is open, \"{open}\", and for no other: give --window {open}"
            );
        var entry = new JsonObject
        {
            ["period"] = window.Period.ToString(),
            ["window"] = open,
            ["maxCost"] = new Money(cost).ToString(),
        };
        if (asked.Tokens is { } tokens)
            entry["maxTokens"] = tokens;
        entry["reason"] = reason;
        entry["requestedBy"] = by;
        var same = found.Budget!.WriteOffs.Find(old => old.Period == window.Period && old.Window == open);
        if (same is null && found.Budget.WriteOffs.Count >= MostWriteOffs)
            throw new RefusalException(
                $"--window: writeOffs has {MostWriteOffs} entries, the most there may be: take out those of windows that are over"
            );
        var notes = new List<string>();
        if (same is not null)
            notes.Add($"it takes the place of the write-off of ${same.MaxCost} by {same.RequestedBy}: {same.Reason}");
        // The unproven spend of a row is not reduced by write-offs.
        if (Dollars(row.Unproven) is { } unproven && cost > unproven)
            notes.Add(
                $"${row.Unproven} are unproven as of {BudgetText.Moment(row.AsOf.ToUniversalTime())}: no more than what is unproven is "
                    + $"written off"
            );
        var what = asked.Tokens is { } some
            ? string.Create(CultureInfo.InvariantCulture, $"${new Money(cost)} and {some} tokens")
            : $"${new Money(cost)}";
        return Of(
            found,
            "writeOffs",
            entry,
            (old, _) => old["period"]?.GetValue<string>() == window.Period.ToString() && old["window"]?.GetValue<string>() == open,
            notes,
            $"window {WindowLines.Key(window.Period)} {open}: up to {what} of unproven spend written off by {by}: {reason}"
        );
    }

    private static SpecChange Of(
        BudgetObject found,
        string list,
        JsonObject entry,
        Func<JsonNode, int, bool> isSame,
        IReadOnlyList<string> notes,
        string done
    )
    {
        var target = found.Target;
        var old = (target.IsShared ? found.Tree["spec"] : found.Tree["spec"]?["budget"])?[list] as JsonArray;
        var at = old?.Select((node, i) => (node, i)).Where(one => isSame(one.node!, one.i)).Select(one => (int?)one.i).FirstOrDefault();
        var patch = new JsonArray
        {
            // The server compares the version as with any update, and answers 409 where somebody wrote since.
            Operation("replace", "/metadata/resourceVersion", found.Tree["metadata"]!["resourceVersion"]!.DeepClone()),
            old is null ? Operation("add", $"{target.Pointer}/{list}", new JsonArray(entry.DeepClone()))
            : at is { } index
                ? Operation("replace", string.Create(CultureInfo.InvariantCulture, $"{target.Pointer}/{list}/{index}"), entry.DeepClone())
            : Operation("add", $"{target.Pointer}/{list}/-", entry.DeepClone()),
        };
        var whole = new JsonArray([.. (old ?? []).Where((_, i) => i != at).Select(node => node!.DeepClone()), entry]);
        var inner = new JsonObject { [list] = whole };
        var manifest = new JsonObject
        {
            ["apiVersion"] = $"{Names.Group}/{Names.Version}",
            ["kind"] = target.Kind,
            ["metadata"] = new JsonObject { ["name"] = target.Name, ["namespace"] = target.Namespace },
            ["spec"] = target.IsShared ? inner : new JsonObject { ["budget"] = inner },
        };
        return new SpecChange(patch, YamlText.Write(manifest), $"{target} of namespace {target.Namespace}: {done}", notes);
    }

    private static JsonObject Operation(string op, string path, JsonNode value) =>
        new()
        {
            ["op"] = op,
            ["path"] = path,
            ["value"] = value,
        };

    private static BudgetWindow Window(BudgetObject found, string? period)
    {
        var windows = found.Budget?.Windows ?? [];
        var names = string.Join(", ", windows.Select(window => window.Period));
        if (windows.Count == 0)
            throw new RefusalException($"NAME: {found.Target} declares no window of its own: there is no cap to change");
        if (period is null)
            return windows.Count == 1 ? windows[0] : throw new RefusalException($"--period: give one of {names}");
        return windows.Find(window => string.Equals(window.Period.ToString(), period, StringComparison.OrdinalIgnoreCase))
            ?? throw new RefusalException($"--period: {found.Target} has no window \"{period}\": give one of {names}");
    }

    private static (string Reason, string By) Told(string? reason, string by, string hint)
    {
        if (string.IsNullOrWhiteSpace(reason))
            throw new RefusalException($"--reason: say {hint}");
        if (reason.Length > LongestReason)
            throw new RefusalException($"--reason: has {reason.Length} characters: {LongestReason} at most");
        if (string.IsNullOrWhiteSpace(by))
            throw new RefusalException("--by: say who asks: neither the API server nor the kubeconfig tells who you are");
        return by.Length <= LongestName
            ? (reason, by)
            : throw new RefusalException($"--by: has {by.Length} characters: {LongestName} at most");
    }

    private static decimal Cost(string text, string option) =>
        Money.TryParse(text, out var cost) && cost.Amount <= MostCost
            ? cost.Amount
            : throw new RefusalException($"{option}: \"{text}\" is not an amount of dollars: write a decimal such as 80 or 3.20");

    private static decimal? Dollars(string? text) => Money.TryParse(text, out var cost) ? cost.Amount : null;

    private static string? Higher(
        string option,
        BudgetUnit unit,
        decimal? to,
        decimal? declared,
        decimal? raised,
        BudgetPeriod period,
        bool extends
    )
    {
        var inForce = raised > declared ? raised : declared;
        if (to is null)
        {
            return raised > declared && declared is not null
                ? throw new RefusalException(
                    $"{option}: the raise in force, which this one takes the place of, lifts this cap to {BudgetText.Up(unit, raised)}: "
                        + $"give {option} {BudgetText.Up(unit, raised)} or more as well"
                )
                : null;
        }
        if (inForce is not { } cap)
            throw new RefusalException(
                $"{option}: the window {period} has no cap on {(unit == BudgetUnit.Usd ? "cost" : "tokens")}: there is nothing to raise"
            );
        var exact = cap.ToString("0.############", CultureInfo.InvariantCulture);
        if (to < cap || (to == cap && !(extends && raised == cap)))
            throw new RefusalException(
                $"{option}: the cap in force is {exact}: give more than that{(raised == cap ? ", or the same with a later --until" : "")}"
            );
        return $"from {BudgetText.Words(unit, exact)} to {to.Value.ToString("0.############", CultureInfo.InvariantCulture)}";
    }

    private static DateTimeOffset Until(string? text, DateTimeOffset now, bool yes)
    {
        const string Hint = "write a time from now, for example 2h, or a moment, for example 2026-11-24T20:00:00Z";
        if (text is null)
            throw new RefusalException($"--until: say when the raise ends: {Hint}");
        DateTimeOffset until;
        if (GoDuration.TryParse(text, out var time))
            until = now + time;
        else if (
            !DateTimeOffset.TryParseExact(
                text,
                ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out until
            ) || (text[^1] is not ('Z' or 'z') && text[^6] is not ('+' or '-'))
        )
            throw new RefusalException($"--until: \"{text}\" is no time: {Hint}");
        until = new DateTimeOffset(until.UtcTicks - (until.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        if (until <= now)
            throw new RefusalException($"--until: {BudgetText.Moment(until)} is past: {Hint}");
        return until - now <= Long || yes
            ? until
            : throw new RefusalException(
                $"--until: {BudgetText.Moment(until)} is more than 7 days away: give an earlier end, change the cap itself, or add --yes"
            );
    }
}
