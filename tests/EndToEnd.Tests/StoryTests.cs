using AgentReadiness.Story;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>The story on real pods; in the second test with the operator killed in the middle of steps 2, 3 and 4.</summary>
[Collection(InstalledOperator.Collection)]
public sealed class StoryTests(InstalledOperator installed, ITestOutputHelper output)
{
    [Fact]
    public Task The_story_is_as_told() => TellAsync(installed.Options(output));

    [Fact]
    public async Task The_story_ends_the_same_when_the_operator_is_killed_in_the_middle_of_its_steps()
    {
        var killed = new List<string>();
        await TellAsync(
            installed.Options(output) with
            {
                Disturb = async (moment, cancellationToken) =>
                {
                    output.WriteLine($"operator killed: {moment}");
                    killed.Add(moment);
                    await CommandLine.RunAsync(
                        "kubectl",
                        [
                            "-n",
                            SupportStory.OperatorNamespace,
                            "delete",
                            "pod",
                            "-l",
                            "app.kubernetes.io/name=agent-readiness-operator",
                            "--grace-period=0",
                            "--force",
                        ],
                        null,
                        cancellationToken
                    );
                },
            }
        );
        killed.Count.ShouldBe(3);
    }

    private static async Task TellAsync(StoryOptions options)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(12));
        await SupportStory.ResetAsync(options, limit.Token);
        await using var story = new SupportStory(options);
        await story.TellAsync(limit.Token);
    }
}
