using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>One state of one object, as the API server told it.</summary>
/// <param name="Type">The resource.</param>
/// <param name="Version">The write that made it: etcd's counter, so that states of different kinds have an order.</param>
/// <param name="Deleted">The object is gone.</param>
/// <param name="Object">The object; where it is gone, as it was last.</param>
internal sealed record Seen(ResourceType Type, long Version, bool Deleted, JsonObject Object)
{
    public string Name => Object.Text("metadata", "name")!;

    public string Uid => Object.Text("metadata", "uid")!;

    public string? Label(string label) => Object.At("metadata", "labels", label)?.GetValue<string>();
}

/// <summary>
/// Every state of the objects of one resource in one namespace. It reads watches with code of its own, not with the operator's, so
/// that a fault there cannot blind the witness too.
/// </summary>
internal sealed class Feed : IAsyncDisposable
{
    private readonly Dictionary<string, Seen> known = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stop = new();
    private readonly KubernetesApi api;
    private readonly ResourceType type;
    private readonly string ns;
    private readonly Action<Seen> onSeen;
    private readonly Task running;

    public Feed(KubernetesApi api, ResourceType type, string ns, Action<Seen> onSeen)
    {
        (this.api, this.type, this.ns, this.onSeen) = (api, type, ns, onSeen);
        running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        string? version = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                version ??= await ListAsync();
                version = await WatchAsync(version);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
                when (exception is HttpRequestException or IOException or KubernetesApiException or TimeoutException)
            {
                // The server is down or has forgotten the version; there is nothing to wait for but its coming back.
                if (exception is KubernetesApiException { IsExpired: true })
                    version = null;
                await Task.Delay(50, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<string> ListAsync()
    {
        var list = await api.SendAsync(HttpMethod.Get, type.Path(ns), null, null, stop.Token);
        var version = list.Text("metadata", "resourceVersion")!;
        var there = list["items"]!.AsArray().Select(item => Of(item!.DeepClone().AsObject(), false)).ToList();
        foreach (var seen in there.Where(seen => known.GetValueOrDefault(seen.Name)?.Version != seen.Version).OrderBy(seen => seen.Version))
            Note(seen);
        foreach (var gone in known.Values.Where(old => there.TrueForAll(seen => seen.Name != old.Name)).ToList())
            Note(gone with { Deleted = true, Version = long.Parse(version, CultureInfo.InvariantCulture) });
        return version;
    }

    private async Task<string?> WatchAsync(string version)
    {
        using var response = await api.OpenAsync(
            HttpMethod.Get,
            $"{type.Path(ns)}?watch=1&resourceVersion={version}",
            null,
            null,
            stop.Token
        );
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop.Token));
        while (await reader.ReadLineAsync(stop.Token) is { } line)
        {
            var entry = JsonNode.Parse(line)!.AsObject();
            var kind = entry.Text("type");
            // Whatever the server complains of, a list tells what is true now.
            if (kind == "ERROR")
                return null;
            var seen = Of(entry["object"]!.DeepClone().AsObject(), kind == "DELETED");
            version = seen.Object.Text("metadata", "resourceVersion")!;
            Note(seen);
        }
        return version;
    }

    private void Note(Seen seen)
    {
        if (seen.Deleted)
            known.Remove(seen.Name);
        else
            known[seen.Name] = seen;
        onSeen(seen);
    }

    private Seen Of(JsonObject item, bool deleted) =>
        new(type, long.Parse(item.Text("metadata", "resourceVersion")!, CultureInfo.InvariantCulture), deleted, item);
}

/// <summary>Short ways into JSON.</summary>
internal static class JsonPaths
{
    public static JsonNode? At(this JsonNode? node, params string[] path) =>
        path.Aggregate(node, (current, step) => current is JsonObject item ? item[step] : null);

    public static string? Text(this JsonNode? node, params string[] path) => node.At(path)?.GetValue<string>();

    public static long Number(this JsonNode? node, params string[] path) => node.At(path)?.GetValue<long>() ?? 0;

    public static IEnumerable<JsonNode> Items(this JsonNode? node, params string[] path) =>
        (node.At(path) as JsonArray ?? []).OfType<JsonNode>();

    /// <summary>The status of a condition, or null.</summary>
    public static string? Condition(this JsonNode? item, string type, string field = "status") =>
        item.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type).Text(field);
}
