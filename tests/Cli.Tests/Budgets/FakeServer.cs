using System.CommandLine;
using System.Net;
using AgentReadiness.Cli.Budgets;
using k8s;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Cli.Tests.Budgets;

/// <summary>An API server that has what a test gives it, and applies the operations that our patches are made of.</summary>
internal sealed class FakeServer
{
    private const string Group = "/apis/agentreadiness.dev/v1alpha1/namespaces";

    public Dictionary<string, JsonObject> Objects { get; } = [];

    /// <summary>What is answered as it is, by the whole path.</summary>
    public Dictionary<string, string> Texts { get; } = [];

    public HashSet<string> Forbidden { get; } = [];

    public List<string> Requests { get; } = [];

    public List<JsonArray> Patches { get; } = [];

    /// <summary>Who it says we are; null: it does not know the question.</summary>
    public string? Me { get; set; } = "ana@example.org";

    /// <summary>Is done before a patch is looked at.</summary>
    public Action BeforePatch { get; set; } = () => { };

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 18, 0, 0, TimeSpan.Zero));

    public JsonObject Add(string path, string json) => Objects[$"{Group}/{path}"] = (JsonObject)JsonNode.Parse(json)!;

    public JsonObject this[string path] => Objects[$"{Group}/{path}"];

    public void Forbid(string path) => Forbidden.Add($"{Group}/{path}");

    public Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunAllAsync(["budget", .. arguments]);

    public async Task<(int Code, string Output, string Error)> RunAllAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await Commands.RunAsync(
            arguments,
            TextReader.Null,
            Stream.Null,
            new InvocationConfiguration { Output = output, Error = error },
            Time,
            _ => new Cluster(
                new Kubernetes(new KubernetesClientConfiguration { Host = "http://cluster.test" }, new Handler(this)),
                "shop",
                "kubeconfig-user"
            )
        );
        return (code, output.ToString(), error.ToString());
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        Requests.Add($"{request.Method} {path}");
        if (path.EndsWith("/selfsubjectreviews", StringComparison.Ordinal))
            return Me is null
                ? Answer(HttpStatusCode.NotFound, Failure("the server could not find the requested resource"))
                : Answer(
                    HttpStatusCode.Created,
                    new JsonObject { ["status"] = new JsonObject { ["userInfo"] = new JsonObject { ["username"] = Me } } }
                );
        if (Forbidden.Contains(path))
            return Answer(HttpStatusCode.Forbidden, Failure("forbidden"));
        if (Texts.TryGetValue(request.RequestUri.PathAndQuery, out var text))
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(text) };
        if (!Objects.TryGetValue(path, out var found))
            return Answer(HttpStatusCode.NotFound, Failure("not found"));
        if (request.Method == HttpMethod.Get)
            return Answer(HttpStatusCode.OK, found);
        BeforePatch();
        var patch = (JsonArray)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
        Patches.Add(patch);
        if (patch[0]!["value"]!.GetValue<string>() != found["metadata"]!["resourceVersion"]!.GetValue<string>())
            return Answer(HttpStatusCode.Conflict, Failure("the object has been modified"));
        Apply(found, patch[1]!);
        return Answer(HttpStatusCode.OK, found);
    }

    private static void Apply(JsonNode node, JsonNode operation)
    {
        var steps = operation["path"]!.GetValue<string>().Split('/')[1..];
        foreach (var step in steps[..^1])
            node = node is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;
        var value = operation["value"]!.DeepClone();
        if (node is JsonArray items && steps[^1] == "-")
            items.Add(value);
        else if (node is JsonArray entries)
            entries[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = value;
        else
            node[steps[^1]] = value;
    }

    private static JsonObject Failure(string message) => new() { ["kind"] = "Status", ["message"] = message };

    private static HttpResponseMessage Answer(HttpStatusCode code, JsonObject body) =>
        new(code) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };

    private sealed class Handler(FakeServer server) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            server.AnswerAsync(request, cancellationToken);
    }
}
