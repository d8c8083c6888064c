using AgentReadiness.Evals.Tests;

namespace AgentReadiness.BenchEvals;

/// <summary>The table of the document that is made here.</summary>
internal static class Table
{
    /// <summary>Lines that end with a line feed on every system.</summary>
    public static string Of(int agents, IEnumerable<Tally> outcomes) =>
        string.Concat([
            string.Create(
                CultureInfo.InvariantCulture,
                $"{agents:#,0} simulated agents for each rate, fixed seeds; ± is one standard error of the simulation. \"Below\" is 0.05 "
                    + $"below the bar,\n"
            ),
            "\"above\" 0.04 above it. A pass below or at the bar is a false promotion, a failure at or above it a false block.\n\n",
            "| scores | bar | cases | below, pass | at, pass | at, fail | above, fail | below, fail | above, pass |\n",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
            .. outcomes.Select(Line),
        ]);

    private static string Line(Tally one)
    {
        string Rate(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:0.0000} ± {one.Error(rate):0.0000}");
        string[] rates =
        [
            Rate(one.Below.Passed),
            Rate(one.At.Passed),
            Rate(one.At.Failed),
            Rate(one.Above.Failed),
            Rate(one.Below.Failed),
            Rate(one.Above.Passed),
        ];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {one.Line.Name} | {one.Line.Bar:0.00} | {one.Line.Cases} | {string.Join(" | ", rates)} |\n"
        );
    }
}
