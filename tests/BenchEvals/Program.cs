using System.Diagnostics;
using AgentReadiness.BenchEvals;
using AgentReadiness.Evals;
using AgentReadiness.Evals.Tests;

if (args is not [var document])
{
    Console.Error.WriteLine("usage: bench-evals DOCUMENT.md");
    return 2;
}
const int Agents = 10_000;
var faults = 0;
void Fault(string text)
{
    faults++;
    Console.Error.WriteLine(text);
}

// R. G. Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3; two-sided 95 %.
(int Successes, int Trials, double Lower, double Upper)[] published =
[
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
];
foreach (var (successes, trials, lower, upper) in published)
{
    var bounds = Wilson.Bounds(successes, trials, 0.975);
    var text = string.Create(
        CultureInfo.InvariantCulture,
        $"Wilson, {successes} of {trials}: {bounds.Lower:0.0000} to {bounds.Upper:0.0000}, published {lower:0.0000} to {upper:0.0000}"
    );
    Console.WriteLine(text);
    if (Math.Abs(bounds.Lower - lower) > 0.00005 || Math.Abs(bounds.Upper - upper) > 0.00005)
        Fault($"not as published: {text}");
}

var outcomes = new List<Tally>();
foreach (var line in Simulation.Lines)
{
    var clock = Stopwatch.StartNew();
    var outcome = line.Run(Agents);
    outcomes.Add(outcome);
    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line}: {clock.Elapsed.TotalSeconds:0.0} s"));
    foreach (var excess in outcome.Excesses())
        Fault($"{line}: {excess}");
}
var table = Table.Of(Agents, outcomes);
Console.Write(table);
await File.WriteAllTextAsync(
    document,
    new MarkedText("make bench-evals").Replace(await File.ReadAllTextAsync(document), table),
    new UTF8Encoding(false)
);
return faults == 0 ? 0 : 1;
