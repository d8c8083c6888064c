using System.Net;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>An API server that holds BudgetLedgers and nothing else, and refuses a write of an old version.</summary>
/// <param name="time">Dates what is created.</param>
internal sealed class LedgerServer(TimeProvider time) : DelegatingHandler
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, JsonObject> ledgers = new(StringComparer.Ordinal);
    private int version;

    /// <summary>Told of each object that was written, as a watch would tell it.</summary>
    public Action<JsonElement> Written { get; set; } = _ => { };

    /// <summary>The verbs on this server.</summary>
    public KubernetesApi Api() =>
        new(
            new Kubernetes(new KubernetesClientConfiguration { Host = "http://fake" }, this),
            "tests",
            pacing: new RequestPacing { RequestsPerSecond = 1e6, Burst = 1_000_000 }
        );

    /// <summary>Deletes a ledger.</summary>
    public void Remove(string name)
    {
        lock (gate)
            ledgers.Remove(name);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : (JsonObject)JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken))!;
        var parts = request.RequestUri!.AbsolutePath.Split('/');
        var name = body?["metadata"]!["name"]!.GetValue<string>() ?? parts[^1];
        lock (gate)
        {
            ledgers.TryGetValue(name, out var found);
            if (body is null)
                return found is null ? Answer(HttpStatusCode.NotFound, """{"reason":"NotFound"}""") : Answer(found);
            var isNew = request.Method == HttpMethod.Post;
            if (isNew != found is null || (found is not null && Version(found) != Version(body)))
                return Answer(HttpStatusCode.Conflict, """{"reason":"Conflict"}""");
            if (isNew)
            {
                body["metadata"]!["uid"] = Guid.NewGuid().ToString();
                body["metadata"]!["creationTimestamp"] = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
            }
            body["metadata"]!["resourceVersion"] = $"{++version}";
            ledgers[name] = body;
            using var document = JsonDocument.Parse(body.ToJsonString());
            Written(document.RootElement.Clone());
            return Answer(body);
        }
    }

    private static string? Version(JsonObject item) => item["metadata"]!["resourceVersion"]?.GetValue<string>();

    private static HttpResponseMessage Answer(JsonObject item) => Answer(HttpStatusCode.OK, item.ToJsonString());

    private static HttpResponseMessage Answer(HttpStatusCode status, string text) =>
        new(status) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
}
