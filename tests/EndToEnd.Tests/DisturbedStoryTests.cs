using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>The operator is killed under it, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(DisturbedStoryTests), DisableParallelization = true)]
public sealed class DisturbedStoryCollection;

/// <summary>The story on real pods, with the operator killed in the middle of steps 2, 3 and 4.</summary>
[Collection(nameof(DisturbedStoryTests))]
public sealed class DisturbedStoryTests(InstalledOperator installed, ITestOutputHelper output) : IClassFixture<InstalledOperator>
{
    [Fact]
    public async Task The_story_ends_the_same_when_the_operator_is_killed_in_the_middle_of_its_steps()
    {
        var killed = new List<string>();
        await SupportStory.TellAgainAsync(
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
            },
            TimeSpan.FromMinutes(12)
        );
        killed.Count.ShouldBe(3);
    }
}
