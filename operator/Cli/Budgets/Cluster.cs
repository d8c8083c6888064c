using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Exceptions;
using k8s.KubeConfigModels;

namespace AgentReadiness.Cli.Budgets;

/// <summary>Which cluster is meant.</summary>
/// <param name="Kubeconfig">The kubeconfig file; null for the one that kubectl would use.</param>
/// <param name="Context">The context in it; null for the current one.</param>
internal sealed record ClusterOptions(string? Kubeconfig, string? Context);

/// <summary>The API server refused a request.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">The server's message.</param>
internal sealed class ClusterException(HttpStatusCode status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Status { get; } = status;
}

/// <summary>
/// The few requests that the budget commands make. The runtime's KubernetesApi would bring ASP.NET Core and metrics into a plugin that
/// people download.
/// </summary>
/// <param name="client">Has the address, the TLS settings and the credentials.</param>
/// <param name="space">The namespace of the kubeconfig's context.</param>
/// <param name="user">The name of the kubeconfig's user; null where there is none.</param>
internal sealed class Cluster(Kubernetes client, string space, string? user) : IDisposable
{
    private const string Reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    private const string Manager = "kubectl-agents";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The namespace where none is given.</summary>
    public string Namespace => space;

    /// <summary>
    /// Connects as kubectl does: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config, else the pod that this runs in.
    /// </summary>
    /// <exception cref="KubeConfigException">There is no such file or context.</exception>
    public static Cluster Connect(ClusterOptions options)
    {
        var files =
            options.Kubeconfig is { } given ? [new FileInfo(given)]
            : Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } list
                ? list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                    .Select(path => new FileInfo(path))
                    .Where(file => file.Exists)
                    .ToArray()
            : new[] { new FileInfo(KubernetesClientConfiguration.KubeConfigDefaultLocation) }.Where(file => file.Exists).ToArray();
        if (files.Length == 0)
        {
            if (options.Context is null && KubernetesClientConfiguration.IsInCluster())
                return new Cluster(
                    new Kubernetes(KubernetesClientConfiguration.InClusterConfig()),
                    KubernetesClientConfiguration.InClusterConfig().Namespace ?? "default",
                    null
                );
            throw new KubeConfigException("no kubeconfig was found: give --kubeconfig, or set KUBECONFIG");
        }
        var config = files.Select(file => KubernetesClientConfiguration.LoadKubeConfig(file)).Aggregate(Merge);
        var current = options.Context ?? config.CurrentContext;
        var user = config.Contexts?.FirstOrDefault(context => context.Name == current)?.ContextDetails?.User;
        var built = KubernetesClientConfiguration.BuildConfigFromConfigObject(config, current);
        return new Cluster(
            new Kubernetes(built),
            string.IsNullOrEmpty(built.Namespace) ? "default" : built.Namespace,
            string.IsNullOrEmpty(user) ? null : user
        );
    }

    /// <summary>Reads an object; null where there is none.</summary>
    public async Task<JsonObject?> GetAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        }
        catch (ClusterException exception) when (exception.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Reads a text line by line while it arrives.</summary>
    /// <exception cref="ClusterException">The text does not exist, or may not be read.</exception>
    public Task ReadLinesAsync(string path, Action<string> take, CancellationToken cancellationToken) =>
        ExchangeAsync(
            new HttpRequestMessage(HttpMethod.Get, Address(path)),
            async (response, limit) =>
            {
                if (!response.IsSuccessStatusCode)
                    throw Refusal(response.StatusCode, await response.Content.ReadAsStringAsync(limit.Token));
                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
                while (await reader.ReadLineAsync(limit.Token) is { } line)
                {
                    // The text may be as long as it likes. Only silence ends the reading.
                    limit.CancelAfter(Patience);
                    take(line);
                }
                return true;
            },
            cancellationToken
        );

    /// <summary>Patches an object with a JSON patch (RFC 6902): all operations are applied, or none.</summary>
    public Task<JsonObject> PatchAsync(string path, JsonArray operations, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"{path}?fieldManager={Manager}", operations, "application/json-patch+json", cancellationToken);

    /// <summary>
    /// Who the API server says that we are; where it cannot tell (before Kubernetes 1.28), the kubeconfig's user; null where neither is
    /// known.
    /// </summary>
    public async Task<string?> WhoAmIAsync(CancellationToken cancellationToken)
    {
        try
        {
            var review = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "SelfSubjectReview" };
            var answer = await SendAsync(HttpMethod.Post, Reviews, review, "application/json", cancellationToken);
            return answer["status"]?["userInfo"]?["username"] is JsonValue name && name.TryGetValue<string>(out var text) && text.Length > 0
                ? text
                : user;
        }
        catch (ClusterException exception)
            when (exception.Status is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed)
        {
            return user;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private Task<JsonObject> SendAsync(
        HttpMethod method,
        string path,
        JsonNode? body,
        string? contentType,
        CancellationToken cancellationToken
    )
    {
        var request = new HttpRequestMessage(method, Address(path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }
        return ExchangeAsync(
            request,
            async (response, limit) =>
            {
                var text = await response.Content.ReadAsStringAsync(limit.Token);
                return response.IsSuccessStatusCode && Parse(text) is { } answer ? answer : throw Refusal(response.StatusCode, text);
            },
            cancellationToken
        );
    }

    private Uri Address(string path) => new(client.BaseUri, path.TrimStart('/'));

    private async Task<T> ExchangeAsync<T>(
        HttpRequestMessage message,
        Func<HttpResponseMessage, CancellationTokenSource, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        using var request = message;
        request.Headers.TryAddWithoutValidation("User-Agent", Manager);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            if (client.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, limit.Token);
            using var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return await read(response, limit);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"the API server at {client.BaseUri} did not answer within {Patience.TotalSeconds} seconds");
        }
    }

    private static ClusterException Refusal(HttpStatusCode status, string text) =>
        new(
            status,
            Parse(text)?["message"] is JsonValue message && message.TryGetValue<string>(out var words)
                ? words
                : $"HTTP {(int)status}: {text[..Math.Min(text.Length, 300)]}"
        );

    // Merges the files of KUBECONFIG as kubectl does: an entry that is found first wins.
    private static K8SConfiguration Merge(K8SConfiguration first, K8SConfiguration next)
    {
        first.CurrentContext = string.IsNullOrEmpty(first.CurrentContext) ? next.CurrentContext : first.CurrentContext;
        first.Contexts = [.. (first.Contexts ?? []).Concat(next.Contexts ?? []).DistinctBy(context => context.Name)];
        first.Clusters = [.. (first.Clusters ?? []).Concat(next.Clusters ?? []).DistinctBy(cluster => cluster.Name)];
        first.Users = [.. (first.Users ?? []).Concat(next.Users ?? []).DistinctBy(user => user.Name)];
        return first;
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
