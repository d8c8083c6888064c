using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Cli.Budgets;

/// <summary>A report as JSON. Its names stay stable, amounts are exact decimal strings, and null means not known. Pure.</summary>
internal static class BudgetJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes the report.</summary>
    public static string Write(BudgetReport report, DateTimeOffset now) =>
        new JsonObject
        {
            ["kind"] = report.Target.Kind,
            ["namespace"] = report.Target.Namespace,
            ["name"] = report.Target.Name,
            ["ledger"] = report.Ledger,
            ["statusBecause"] = report.WhyStatus,
            ["exhausted"] = report.Exhausted,
            ["windows"] = new JsonArray([.. report.Windows.Select(line => (JsonNode)Window(line, now))]),
            ["previous"] = new JsonArray([
                .. report.Previous.Select(over =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["budget"] = over.Budget,
                            ["window"] = over.Window,
                            ["caps"] = new JsonArray([.. over.Caps.Select(cap => (JsonNode)Cap(cap, null))]),
                        }
                ),
            ]),
        }.ToJsonString(Indented);

    private static JsonObject Window(WindowLine line, DateTimeOffset now) =>
        new()
        {
            ["budget"] = line.Budget,
            ["period"] = line.Period.ToString(),
            ["window"] = line.Window,
            ["begins"] = Moment(line.Begins),
            ["ends"] = Moment(line.Ends),
            ["source"] = line.FromLedger ? "ledger" : "status",
            ["asOf"] = Moment(line.AsOf),
            ["exhausted"] = line.Exhausted,
            ["capPending"] = line.CapPending,
            ["observed"] = line.Observe,
            ["resume"] = line.Manual ? "Manual" : "Automatic",
            ["raise"] = line.Raise is not { } raise
                ? null
                : new JsonObject
                {
                    ["maxCost"] = raise.MaxCost,
                    ["maxTokens"] = raise.MaxTokens?.ToString(CultureInfo.InvariantCulture),
                    ["expiresAt"] = BudgetText.Moment(raise.ExpiresAt.ToUniversalTime()),
                    ["requestedBy"] = raise.RequestedBy,
                    ["reason"] = raise.Reason,
                },
            ["caps"] = new JsonArray([.. line.Caps.Select(cap => (JsonNode)Cap(cap, Forecast.Of(line, cap, now)))]),
            ["top"] = new JsonArray([
                .. line.Top.Select(share =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["by"] = share.By,
                            ["value"] = share.Value,
                            ["spent"] = share.Spent,
                            ["calls"] = share.Calls,
                        }
                ),
            ]),
            ["perCall"] = Costs(line.PerCall),
            ["perRun"] = Costs(line.PerRun),
        };

    private static JsonObject? Costs(CostStatistics? costs) =>
        costs is null
            ? null
            : new JsonObject
            {
                ["count"] = costs.Count,
                ["median"] = costs.Median,
                ["p95"] = costs.P95,
                ["max"] = costs.Max,
            };

    private static JsonObject Cap(CapReport cap, Forecast? forecast)
    {
        var json = new JsonObject
        {
            ["unit"] = cap.Unit == BudgetUnit.Usd ? "USD" : "tokens",
            ["spent"] = Exact(cap.Spent),
            ["unproven"] = Exact(cap.Unproven),
            ["writtenOff"] = Exact(cap.WrittenOff),
            ["held"] = Exact(cap.Held),
            ["cap"] = Exact(cap.Cap),
            ["capWithoutRaise"] = Exact(cap.Declared ?? cap.Cap),
            ["left"] = Exact(cap.Left),
            ["percent"] = cap.Percent is null ? null : BudgetText.Percent(cap.Percent),
        };
        if (forecast is not null)
        {
            json["forecast"] = new JsonObject
            {
                ["atEnd"] = AtEnd(cap, forecast.AtEnd),
                ["atEndByMean"] = AtEnd(cap, forecast.Paces.Mean),
                ["atEndByLastHour"] = AtEnd(cap, forecast.Paces.LastHour),
                ["capReachedAt"] = Moment(forecast.CapReached),
                ["unknownBecause"] = forecast.Unknown,
            };
        }
        return json;
    }

    private static string? AtEnd(CapReport cap, decimal? atEnd) =>
        cap.Unit == BudgetUnit.Tokens && atEnd is { } tokens ? Exact(decimal.Ceiling(tokens)) : Exact(atEnd);

    private static string? Exact(decimal? amount) => amount?.ToString("0.############", CultureInfo.InvariantCulture);

    private static string? Moment(DateTimeOffset? moment) => moment is { } known ? BudgetText.Moment(known) : null;
}
