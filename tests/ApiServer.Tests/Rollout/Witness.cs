using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>Records every state of every object of a namespace that a rollout is made of, through a client that no fault touches.</summary>
internal sealed class Witness : IAsyncDisposable
{
    public static readonly ResourceType Agents = ResourceType.Of<AgentDeployment>();
    public static readonly ResourceType Runs = ResourceType.Of<EvalRun>();
    public static readonly ResourceType Budgets = ResourceType.Of<AgentBudget>();

    private readonly Lock gate = new();
    private readonly List<Seen> history = [];
    private readonly Dictionary<(ResourceType, string), Seen> now = [];
    private readonly Dictionary<string, string> images = new(StringComparer.Ordinal);
    private readonly List<Feed> feeds;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Witness(KubernetesApi api, string ns) =>
        feeds = [
            .. new[]
            {
                Agents,
                Runs,
                Budgets,
                ServiceView.Resource,
                EndpointsView.Endpoints,
                DeploymentView.Resource,
                JobView.Resource,
                PodView.Resource,
                ConfigMapView.Resource,
            }.Select(type => new Feed(api, type, ns, Note)),
        ];

    /// <summary>Raised with each state, in the order of its own kind.</summary>
    public event Action<Seen>? Changed;

    /// <summary>Everything that was, in the order in which it was written.</summary>
    public IReadOnlyList<Seen> History
    {
        get
        {
            lock (gate)
                return [.. history.OrderBy(seen => seen.Version)];
        }
    }

    /// <summary>The image of the agent in a pod's spec.</summary>
    public static string? Image(JsonNode? podSpec) =>
        podSpec.Items("containers").FirstOrDefault(container => container.Text("name") == "agent").Text("image");

    /// <summary>The agent's image of a revision: what the tests call it by.</summary>
    public string? ImageOf(string revision)
    {
        lock (gate)
            return images.GetValueOrDefault(revision);
    }

    public Seen? Get(ResourceType type, string name)
    {
        lock (gate)
            return now.GetValueOrDefault((type, name));
    }

    public IReadOnlyList<Seen> All(ResourceType type)
    {
        lock (gate)
            return [.. now.Values.Where(seen => seen.Type == type)];
    }

    /// <summary>Waits, from state to state, until something is so.</summary>
    public async Task UntilAsync(string what, Func<bool> isSo, Func<string> explain, double seconds = 60)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            // Taken before the look, so that no change falls between the two.
            var next = Volatile.Read(ref changed).Task;
            if (isSo())
                return;
            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"waited {seconds:0} s for {what}\n{explain()}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var feed in feeds)
            await feed.DisposeAsync();
    }

    private void Note(Seen seen)
    {
        lock (gate)
        {
            history.Add(seen);
            if (
                seen.Type == DeploymentView.Resource
                && seen.Label(Names.RevisionLabel) is { } revision
                && Image(seen.Object.At("spec", "template", "spec")) is { } image
            )
                images[revision] = image;
            if (seen.Deleted)
                now.Remove((seen.Type, seen.Name));
            else
                now[(seen.Type, seen.Name)] = seen;
        }
        Changed?.Invoke(seen);
        Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
