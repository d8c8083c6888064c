using AgentReadiness.Storm;
using AgentReadiness.Story;

// The cap storm: see docs/budgets.md. Two cards; the last line sums them up. Exit code 0 only where nothing was overspent and all bounds
// held.
var began = TimeProvider.System.GetTimestamp();
void Say(string text)
{
    foreach (var line in text.TrimEnd().Split('\n'))
        Console.WriteLine($"{TimeProvider.System.GetElapsedTime(began):mm\\:ss} {line}");
}

using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(30));
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
try
{
    var options = StoryOptions.FromEnvironment(step => Say("== " + step), Say);
    await SupportStory.InstallAsync(options, stop.Token, replicas: 2);
    var seed = args is ["--seed", var text, ..] ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next();
    Say($"seed {seed}");
    var results = new List<StormResult>();
    foreach (var card in Enum.GetValues<StormCard>())
    {
        await using var storm = new CapStorm(options, card, new Random(seed));
        results.Add(await storm.RunAsync(stop.Token));
        Say($"{card}: {results[^1]}");
    }
    var sum = results.Aggregate((a, b) => a + b);
    Console.WriteLine($"cap={sum.Cap} spent={sum.Spent} overspend={sum.Overspend} stranded={sum.Stranded}");
    return results.TrueForAll(result => result.Holds) ? 0 : 1;
}
catch (Exception exception) when (exception is StoryException or CommandException or OperationCanceledException or TimeoutException)
{
    Console.Error.WriteLine($"the storm could not be told: {exception.Message}");
    return 1;
}
