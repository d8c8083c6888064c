using System.Globalization;
using AgentReadiness.Evals.Tests;

namespace AgentReadiness.BenchEvals;

/// <summary>The table of a document that is made here: what stands between two marks, and nothing else of the document.</summary>
internal static class Table
{
    private const string Start = "<!-- made by `make bench-evals` -->\n";
    private const string End = "<!-- end of what `make bench-evals` made -->";

    /// <summary>The document with the new table.</summary>
    /// <exception cref="InvalidDataException">The marks are not there, each once and in their order.</exception>
    public static string Replace(string document, string table)
    {
        var (start, end) = (document.IndexOf(Start, StringComparison.Ordinal), document.IndexOf(End, StringComparison.Ordinal));
        if (start < 0 || end < start || start != document.LastIndexOf(Start, StringComparison.Ordinal) || end != document.LastIndexOf(End, StringComparison.Ordinal))
            throw new InvalidDataException($"the document must have once each, in this order: {Start.TrimEnd()} and {End}");
        return document[..(start + Start.Length)] + table + document[end..];
    }

    /// <summary>Lines that end with a line feed on every system.</summary>
    public static string Of(int agents, IEnumerable<Tally> outcomes) => string.Concat([
        string.Create(CultureInfo.InvariantCulture, $"{agents:#,0} simulated agents for each rate, fixed seeds; ± is one standard error of the simulation. \"Below\" is 0.05 below the bar,\n"),
        "\"above\" 0.04 above it. A pass below or at the bar is a false promotion, a failure at or above it a false block.\n\n",
        "| scores | bar | cases | below, pass | at, pass | at, fail | above, fail | below, fail | above, pass |\n",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        .. outcomes.Select(Line)]);

    private static string Line(Tally one)
    {
        string Rate(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:0.0000} ± {one.Error(rate):0.0000}");
        string[] rates = [Rate(one.Below.Passed), Rate(one.At.Passed), Rate(one.At.Failed), Rate(one.Above.Failed), Rate(one.Below.Failed), Rate(one.Above.Passed)];
        return string.Create(CultureInfo.InvariantCulture, $"| {one.Line.Name} | {one.Line.Bar:0.00} | {one.Line.Cases} | {string.Join(" | ", rates)} |\n");
    }
}
