using System.Globalization;
using System.Text.Json;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Budgets;

/// <summary>
/// Sums the <c>ModelCall</c> lines of the guardrails' logs by model, revision, run or a tag. The sums are exact for the lines that it
/// is given. Other lines are passed over. Not thread-safe.
/// </summary>
/// <param name="by">The dimension: model, revision, run, or the name of a tag.</param>
internal sealed class SpendTable(string by)
{
    private const int MostRows = 100;

    private readonly Dictionary<string, Row> rows = new(StringComparer.Ordinal);

    private readonly record struct Row(Money Cost, long Calls);

    /// <summary>Lines that were summed.</summary>
    public long Lines { get; private set; }

    /// <summary>Takes a line of a guardrail's log.</summary>
    public void Add(string line)
    {
        // Most lines are model calls, but not all are, and a container's log may hold text that is not JSON.
        if (!line.Contains("\"ModelCall\"", StringComparison.Ordinal))
            return;
        try
        {
            using var document = JsonDocument.Parse(line);
            var call = document.RootElement;
            if (
                call.ValueKind != JsonValueKind.Object
                || Text(call, "event") != "ModelCall"
                || !Money.TryParse(Text(call, "CostUsd"), out var cost)
            )
                return;
            Lines++;
            // As in the metrics and the ledger, an attempt that the provider cannot have billed is not counted as a call.
            if (Text(call, "Outcome") == "zero")
                return;
            var value = Value(call) is { Length: > 0 } known ? known : Attribution.None;
            var row = rows.GetValueOrDefault(value);
            rows[value] = new Row(row.Cost + cost, row.Calls + 1);
        }
        catch (JsonException)
        {
            // The line was cut, or something else wrote it.
        }
    }

    /// <summary>The table, the costliest first, with the sum.</summary>
    public IEnumerable<string> Write()
    {
        var total = Money.Sum(rows.Values.Select(row => row.Cost));
        var ordered = rows.OrderByDescending(row => row.Value.Cost.Amount).ThenBy(row => row.Key, StringComparer.Ordinal).ToList();
        var rest = ordered.Skip(MostRows).ToList();
        var table = new List<IReadOnlyList<string>> { new[] { by.ToUpperInvariant(), "SPENT", "SHARE", "CALLS" } };
        table.AddRange(ordered.Take(MostRows).Select(row => Cells(row.Key, row.Value, total)));
        if (rest.Count > 0)
            table.Add(
                Cells(
                    $"{Attribution.Other} {rest.Count}",
                    new Row(Money.Sum(rest.Select(row => row.Value.Cost)), rest.Sum(row => row.Value.Calls)),
                    total
                )
            );
        table.Add(Cells("total", new Row(total, rows.Values.Sum(row => row.Calls)), total));
        return BudgetText.Table(table);
    }

    private static IReadOnlyList<string> Cells(string value, Row row, Money total) =>
        [
            BudgetText.Plain(value),
            row.Cost.ToDisplay(),
            (total.Amount > 0 ? BudgetText.Percent(row.Cost.Amount * 100 / total.Amount) : "0") + "%",
            row.Calls.ToString(CultureInfo.InvariantCulture),
        ];

    private string? Value(JsonElement call) =>
        by switch
        {
            Attribution.Model => Text(call, "rule"),
            Attribution.Revision => Text(call, "revision"),
            Attribution.Run => Text(call, "RunId"),
            _ => call.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Object ? Text(tags, by) : null,
        };

    private static string? Text(JsonElement call, string name) =>
        call.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
