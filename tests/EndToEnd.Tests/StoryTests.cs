using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>The story on real pods.</summary>
public sealed class StoryTests(InstalledOperator installed, ITestOutputHelper output) : IClassFixture<InstalledOperator>
{
    [Fact]
    public Task The_story_is_as_told() => SupportStory.TellAgainAsync(installed.Options(output), TimeSpan.FromMinutes(12));
}
