using AgentReadiness.Story;
using Spectre.Console;

var began = TimeProvider.System.GetTimestamp();
string Clock() => $"{TimeProvider.System.GetElapsedTime(began):mm\\:ss}";
using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(20));
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

// A log has no width: only a terminal folds lines.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Width = 400;

try
{
    var options = StoryOptions.FromEnvironment(
        step => AnsiConsole.MarkupLineInterpolated($"\n[grey]{Clock()}[/] [bold]{step}[/]"),
        text =>
        {
            foreach (var line in text.TrimEnd().Split('\n'))
                AnsiConsole.MarkupLineInterpolated($"[grey]{Clock()}[/]   {line}");
        }
    );
    await SupportStory.InstallAsync(options, stop.Token);
    await SupportStory.ResetAsync(options, stop.Token);
    await using (var story = new SupportStory(options))
        await story.TellAsync(stop.Token);

    AnsiConsole.MarkupLine("\n[bold green]The story is as told.[/] The cluster stays up:\n");
    Console.WriteLine(await CommandLine.RunAsync("kubectl", ["get", "agd,evr,bgl", "--all-namespaces"], null, stop.Token));
    Console.WriteLine(
        $"""
        Look further:
          export KUBECONFIG={options.Kubeconfig}
          kubectl -n shop describe agd support
          kubectl -n agent-evals get evr -o wide
          kubectl -n agent-readiness-system get bgl -o yaml
          kubectl -n agent-readiness-system logs deploy/agent-readiness-operator
          make cluster-down
        """
    );
    return 0;
}
catch (Exception exception) when (exception is StoryException or CommandException or OperationCanceledException or TimeoutException)
{
    AnsiConsole.MarkupLineInterpolated($"[bold red]Not as told:[/] {exception.Message}");
    return 1;
}
