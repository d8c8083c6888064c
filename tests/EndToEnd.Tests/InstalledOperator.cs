using AgentReadiness.Story;
using Xunit;
using Xunit.Abstractions;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>The operator, installed once with Helm for all tests.</summary>
public sealed class InstalledOperator : IAsyncLifetime
{
    public const string Collection = "installed operator";

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await SupportStory.InstallAsync(StoryOptions.FromEnvironment(_ => { }, _ => { }), limit.Token);
    }

    public StoryOptions Options(ITestOutputHelper output) =>
        StoryOptions.FromEnvironment(output.WriteLine, text => output.WriteLine("  " + text));

    public Task DisposeAsync() => Task.CompletedTask;
}

[CollectionDefinition(InstalledOperator.Collection)]
public sealed class InstalledOperatorCollection : ICollectionFixture<InstalledOperator>;
