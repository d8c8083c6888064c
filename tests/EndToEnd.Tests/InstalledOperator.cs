using AgentReadiness.Story;

namespace AgentReadiness.EndToEnd.Tests;

/// <summary>
/// The operator, installed with Helm, and a model provider: once for all classes, which run side by side, each in namespaces of its own.
/// </summary>
public sealed class InstalledOperator : IAsyncLifetime
{
    /// <summary>The provider as the annotation of a key's Secret lists it.</summary>
    public const string ProviderHost = "http://model-provider.e2e-provider.svc";

    /// <summary>The provider of all tests but the stories, which have one of their own that they count.</summary>
    public const string ProviderUrl = "http://model-provider.e2e-provider.svc/v1";

    private static readonly Lazy<Task> Installed = new(InstallAsync);

    public Task InitializeAsync() => Installed.Value;

    public StoryOptions Options(ITestOutputHelper output) =>
        StoryOptions.FromEnvironment(output.WriteLine, text => output.WriteLine("  " + text));

    public Task DisposeAsync() => Task.CompletedTask;

    private static async Task InstallAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var options = StoryOptions.FromEnvironment(_ => { }, _ => { });
        await Task.WhenAll(SupportStory.InstallAsync(options, limit.Token), ProvideAsync(options, limit.Token));
    }

    private static async Task ProvideAsync(StoryOptions options, CancellationToken cancellationToken)
    {
        var sample = await File.ReadAllTextAsync(
            Path.Combine(options.Root, "docs", "samples", "support", "provider.yaml"),
            cancellationToken
        );
        var manifest =
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: e2e-provider}\n---\n"
            + sample
                .Replace("namespace: model-provider", "namespace: e2e-provider", StringComparison.Ordinal)
                .Replace("${SAMPLES_IMAGE}", options.Image("SAMPLES_IMAGE"), StringComparison.Ordinal);
        await CommandLine.RunAsync("kubectl", ["apply", "-f", "-"], manifest, cancellationToken);
        await CommandLine.RunAsync(
            "kubectl",
            ["-n", "e2e-provider", "rollout", "status", "deployment/model-provider", "--timeout=180s"],
            null,
            cancellationToken
        );
    }
}
