using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace AgentReadiness.Runtime;

/// <summary>
/// The few verbs that a controller needs, on JSON, with typed errors. The client library brings configuration, TLS and
/// credentials; its generic client has no field manager, no subresources and a watch that hides errors, so requests are ours.
/// Written fields are those that the caller names: no object is read, changed and put back, because the library's types drop
/// fields that they do not know.
/// </summary>
public sealed class KubernetesApi
{
    private readonly Kubernetes client;
    private readonly string fieldManager;
    private readonly TimeSpan timeout;

    /// <summary>Creates the verbs over a configured client.</summary>
    /// <param name="client">Brings address, TLS and credentials.</param>
    /// <param name="fieldManager">Owner of the fields that <see cref="ApplyAsync"/> writes.</param>
    /// <param name="timeout">For one request that is not a watch; 30 seconds where absent.</param>
    public KubernetesApi(Kubernetes client, string fieldManager, TimeSpan? timeout = null)
    {
        this.client = client;
        this.fieldManager = fieldManager;
        this.timeout = timeout ?? TimeSpan.FromSeconds(30);
    }

    /// <summary>Reads an object; null where there is none.</summary>
    public async Task<JsonObject?> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, type.Path(ns, name), null, null, cancellationToken);
        }
        catch (KubernetesApiException error) when (error.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Creates an object.</summary>
    /// <exception cref="KubernetesApiException">IsConflict: it exists already.</exception>
    public Task<JsonObject> CreateAsync(ResourceType type, string? ns, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"{type.Path(ns)}?fieldManager={fieldManager}", body, "application/json", cancellationToken);

    /// <summary>Replaces an object that the caller owns whole; its metadata.resourceVersion guards it.</summary>
    public Task<JsonObject> ReplaceAsync(ResourceType type, string? ns, string name, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"{type.Path(ns, name)}?fieldManager={fieldManager}", body, "application/json", cancellationToken);

    /// <summary>Server-side apply of the given fields.</summary>
    public Task<JsonObject> ApplyAsync(ResourceType type, string? ns, string name, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"{type.Path(ns, name)}?fieldManager={fieldManager}&force=true", body, "application/apply-patch+yaml", cancellationToken);

    /// <summary>Merge patch (RFC 7396) of an object or a subresource. Put metadata.resourceVersion in the body to guard it.</summary>
    public Task<JsonObject> MergePatchAsync(ResourceType type, string? ns, string name, string? subresource, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"{type.Path(ns, name, subresource)}?fieldManager={fieldManager}", body, "application/merge-patch+json", cancellationToken);

    /// <summary>JSON patch (RFC 6902): all of its operations, tests included, or none.</summary>
    public Task<JsonObject> JsonPatchAsync(ResourceType type, string? ns, string name, JsonArray operations, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"{type.Path(ns, name)}?fieldManager={fieldManager}", operations, "application/json-patch+json", cancellationToken);

    /// <summary>Deletes an object, in the background; true where it was there. The UID, where given, must match.</summary>
    public async Task<bool> DeleteAsync(ResourceType type, string? ns, string name, string? uid, CancellationToken cancellationToken)
    {
        var options = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions", ["propagationPolicy"] = "Background" };
        if (uid is not null)
            options["preconditions"] = new JsonObject { ["uid"] = uid };
        try
        {
            await SendAsync(HttpMethod.Delete, type.Path(ns, name), options, "application/json", cancellationToken);
            return true;
        }
        catch (KubernetesApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Sends any request and reads a JSON object.</summary>
    /// <exception cref="KubernetesApiException">The server refused.</exception>
    public async Task<JsonObject> SendAsync(HttpMethod method, string pathAndQuery, JsonNode? body, string? contentType, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var response = await OpenAsync(method, pathAndQuery, body, contentType, limit.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            return (JsonObject)(await JsonNode.ParseAsync(stream, cancellationToken: limit.Token))!;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{method} {pathAndQuery} took longer than {timeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Sends a request and returns the response when its headers are in; the body streams.</summary>
    /// <exception cref="KubernetesApiException">The server refused.</exception>
    public async Task<HttpResponseMessage> OpenAsync(HttpMethod method, string pathAndQuery, JsonNode? body, string? contentType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(client.BaseUri, pathAndQuery.TrimStart('/')))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.TryAddWithoutValidation("User-Agent", fieldManager);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }
        if (client.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);

        var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        RuntimeMetrics.ApiRequests.WithLabels(((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture), method.Method, client.BaseUri.Authority).Inc();
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await ErrorAsync(response, cancellationToken);
    }

    private static async Task<KubernetesApiException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            using var status = JsonDocument.Parse(text);
            var root = status.RootElement;
            string Text(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) ? value.GetString() ?? string.Empty : string.Empty;
            return new KubernetesApiException(response.StatusCode, Text("reason"), Text("message") is { Length: > 0 } message ? message : text);
        }
        catch (JsonException)
        {
            return new KubernetesApiException(response.StatusCode, string.Empty, $"HTTP {(int)response.StatusCode}: {text[..Math.Min(text.Length, 300)]}");
        }
    }
}
