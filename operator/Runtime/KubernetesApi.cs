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
/// <remarks>
/// Requests go at the pace of a <see cref="RequestPacing"/>, Leases excepted. One that fails is sent again while its time lasts:
/// any verb where the server answers 429 or 5xx with a Retry-After header, after that delay and 10 times at most; after other 5xx
/// and broken connections only those that may be processed twice (GET, DELETE, PUT with a resource version, apply, merge patch),
/// 5 times at most with growing pauses. A POST is not: a create whose answer was lost would be answered "already exists".
/// </remarks>
public sealed class KubernetesApi
{
    private const string LeasePath = "/apis/coordination.k8s.io/";

    // The longest Retry-After that is followed. A wrong header must not stop the operator for a long time.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(5);

    private readonly Kubernetes client;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private readonly TokenBucket bucket;

    /// <summary>Creates the verbs over a configured client.</summary>
    /// <param name="client">Brings address, TLS and credentials.</param>
    /// <param name="fieldManager">Owner of the fields that <see cref="ApplyAsync"/> writes; also the User-Agent.</param>
    /// <param name="timeout">For one request with all its tries, that is not a watch; 30 seconds where absent. It starts when the request
    /// may go.</param>
    /// <param name="pacing">How fast it may ask; the defaults of <see cref="RequestPacing"/> where absent.</param>
    /// <param name="time">The clock; the system's where absent.</param>
    public KubernetesApi(
        Kubernetes client,
        string fieldManager,
        TimeSpan? timeout = null,
        RequestPacing? pacing = null,
        TimeProvider? time = null
    )
    {
        this.client = client;
        this.timeout = timeout ?? TimeSpan.FromSeconds(30);
#pragma warning disable RS0030 // The documented default: a host makes this object before it has services.
        this.time = time ?? TimeProvider.System;
#pragma warning restore RS0030
        bucket = new TokenBucket(pacing ?? new RequestPacing(), this.time);
        FieldManager = fieldManager;
        OwnWrites = new OwnWrites(this.time);
    }

    /// <summary>Owner of the fields that <see cref="ApplyAsync"/> writes.</summary>
    public string FieldManager { get; }

    /// <summary>What was written through the verbs of this object, for those who read caches.</summary>
    public OwnWrites OwnWrites { get; }

    /// <summary>Reads an object; null where there is none.</summary>
    /// <exception cref="KubernetesApiException">The server refused.</exception>
    public async Task<JsonObject?> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, type.Path(ns, name), null, null, cancellationToken);
        }
        catch (KubernetesApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Creates an object.</summary>
    /// <exception cref="KubernetesApiException">IsConflict: it exists already.</exception>
    public Task<JsonObject> CreateAsync(ResourceType type, string? ns, JsonObject body, CancellationToken cancellationToken) =>
        WriteAsync(type, HttpMethod.Post, $"{type.Path(ns)}?fieldManager={FieldManager}", body, "application/json", cancellationToken);

    /// <summary>Replaces an object that the caller owns whole; its metadata.resourceVersion guards it.</summary>
    /// <exception cref="KubernetesApiException">IsConflict: somebody wrote since that version.</exception>
    public Task<JsonObject> ReplaceAsync(
        ResourceType type,
        string? ns,
        string name,
        JsonObject body,
        CancellationToken cancellationToken
    ) =>
        WriteAsync(type, HttpMethod.Put, $"{type.Path(ns, name)}?fieldManager={FieldManager}", body, "application/json", cancellationToken);

    /// <summary>Server-side apply of the given fields.</summary>
    /// <exception cref="KubernetesApiException">The server refused.</exception>
    public Task<JsonObject> ApplyAsync(ResourceType type, string? ns, string name, JsonObject body, CancellationToken cancellationToken) =>
        WriteAsync(
            type,
            HttpMethod.Patch,
            $"{type.Path(ns, name)}?fieldManager={FieldManager}&force=true",
            body,
            "application/apply-patch+yaml",
            cancellationToken
        );

    /// <summary>Merge patch (RFC 7396) of an object or a subresource. Put metadata.resourceVersion in the body to guard it.</summary>
    /// <exception cref="KubernetesApiException">IsConflict: somebody wrote since that version.</exception>
    public Task<JsonObject> MergePatchAsync(
        ResourceType type,
        string? ns,
        string name,
        string? subresource,
        JsonObject body,
        CancellationToken cancellationToken
    ) =>
        WriteAsync(
            type,
            HttpMethod.Patch,
            $"{type.Path(ns, name, subresource)}?fieldManager={FieldManager}",
            body,
            "application/merge-patch+json",
            cancellationToken
        );

    /// <summary>JSON patch (RFC 6902): all of its operations, tests included, or none.</summary>
    /// <exception cref="KubernetesApiException">The server refused, or a test did not hold.</exception>
    public Task<JsonObject> JsonPatchAsync(
        ResourceType type,
        string? ns,
        string name,
        JsonArray operations,
        CancellationToken cancellationToken
    ) =>
        WriteAsync(
            type,
            HttpMethod.Patch,
            $"{type.Path(ns, name)}?fieldManager={FieldManager}",
            operations,
            "application/json-patch+json",
            cancellationToken
        );

    /// <summary>Deletes an object, in the background. The UID, where given, must match.</summary>
    /// <returns>False where it was not there; so too where a first try deleted it and its answer was lost.</returns>
    /// <exception cref="KubernetesApiException">IsConflict: an object of another UID has the name.</exception>
    public async Task<bool> DeleteAsync(ResourceType type, string? ns, string name, string? uid, CancellationToken cancellationToken)
    {
        var options = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["propagationPolicy"] = "Background",
        };
        if (uid is not null)
            options["preconditions"] = new JsonObject { ["uid"] = uid };
        try
        {
            await WriteAsync(type, HttpMethod.Delete, type.Path(ns, name), options, "application/json", cancellationToken);
            return true;
        }
        catch (KubernetesApiException exception) when (exception.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Sends any request and reads a JSON object. What it writes is not among the <see cref="OwnWrites"/>.</summary>
    /// <param name="method">The verb.</param>
    /// <param name="pathAndQuery">From the server's root.</param>
    /// <param name="body">What to send, or null.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="cancellationToken">Ends the request and its pauses at once.</param>
    /// <exception cref="KubernetesApiException">The server refused, in the last try.</exception>
    /// <exception cref="HttpRequestException">The connection broke, in the last try.</exception>
    /// <exception cref="TimeoutException">The time of the request is over.</exception>
    public async Task<JsonObject> SendAsync(
        HttpMethod method,
        string pathAndQuery,
        JsonNode? body,
        string? contentType,
        CancellationToken cancellationToken
    )
    {
        var idempotent = RequestRetry.IsIdempotent(method, body, contentType);
        // The wait for its turn does not count as time of the request, since the server is not slow then.
        await PaceAsync(pathAndQuery, cancellationToken);
        using var over = new CancellationTokenSource(timeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        var began = time.GetTimestamp();
        try
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    using var response = await SendOnceAsync(method, pathAndQuery, body, contentType, null, limit.Token);
                    await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
                    return (JsonObject)(await JsonNode.ParseAsync(stream, null, WireJson.Options, limit.Token))!;
                }
                catch (Exception exception)
                    when (RequestRetry.Pause(exception, tries, idempotent) is { } pause && time.GetElapsedTime(began) + pause < timeout)
                {
                    RuntimeMetrics.ApiRetries.WithLabels(RuntimeMetrics.Code(exception), method.Method, client.BaseUri.Authority).Inc();
                    await Task.Delay(pause, time, limit.Token);
                    await PaceAsync(pathAndQuery, limit.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{method} {pathAndQuery} took longer than {timeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Sends a request, once, and returns the response when its headers are in; the body streams.</summary>
    /// <param name="method">The verb.</param>
    /// <param name="pathAndQuery">From the server's root.</param>
    /// <param name="body">What to send, or null.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="cancellationToken">Ends the request; the timeout of the other verbs does not hold here.</param>
    /// <exception cref="KubernetesApiException">The server refused; where it said when to come again, RetryAfter is set.</exception>
    /// <exception cref="HttpRequestException">The connection broke.</exception>
    public async Task<HttpResponseMessage> OpenAsync(
        HttpMethod method,
        string pathAndQuery,
        JsonNode? body,
        string? contentType,
        CancellationToken cancellationToken
    )
    {
        await PaceAsync(pathAndQuery, cancellationToken);
        return await SendOnceAsync(method, pathAndQuery, body, contentType, null, cancellationToken);
    }

    /// <summary>Reads, once, and returns the response when its headers are in; the body streams.</summary>
    /// <param name="pathAndQuery">From the server's root.</param>
    /// <param name="accept">The only form of the answer that is taken; null: JSON.</param>
    /// <param name="cancellationToken">Ends the request; the timeout of the other verbs does not hold here.</param>
    /// <exception cref="KubernetesApiException">The server refused; where it said when to come again, RetryAfter is set.</exception>
    /// <exception cref="HttpRequestException">The connection broke.</exception>
    internal async Task<HttpResponseMessage> OpenAsync(string pathAndQuery, string? accept, CancellationToken cancellationToken)
    {
        await PaceAsync(pathAndQuery, cancellationToken);
        return await SendOnceAsync(HttpMethod.Get, pathAndQuery, null, null, accept, cancellationToken);
    }

    private async Task<JsonObject> WriteAsync(
        ResourceType type,
        HttpMethod method,
        string pathAndQuery,
        JsonNode body,
        string contentType,
        CancellationToken cancellationToken
    )
    {
        var answer = await SendAsync(method, pathAndQuery, body, contentType, cancellationToken);
        // The answer to a deletion is used only where the object stays for its finalizers.
        if (method != HttpMethod.Delete || answer["metadata"]?["deletionTimestamp"] is not null)
            OwnWrites.Remember(type, answer);
        return answer;
    }

    private ValueTask PaceAsync(string path, CancellationToken cancellationToken) =>
        path.StartsWith(LeasePath, StringComparison.Ordinal) ? ValueTask.CompletedTask : bucket.TakeAsync(cancellationToken);

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method,
        string pathAndQuery,
        JsonNode? body,
        string? contentType,
        string? accept,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(client.BaseUri, pathAndQuery.TrimStart('/')))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept ?? "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", FieldManager);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }
        if (client.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);

        var began = time.GetTimestamp();
        var code = RuntimeMetrics.NoAnswer;
        try
        {
            var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            code = RuntimeMetrics.Code(response.StatusCode);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw await ErrorAsync(response, cancellationToken);
        }
        finally
        {
            RuntimeMetrics.ApiRequests.WithLabels(code, method.Method, client.BaseUri.Authority).Inc();
            RuntimeMetrics
                .ApiRequestTime.WithLabels(method.Method, client.BaseUri.Authority)
                .Observe(time.GetElapsedTime(began).TotalSeconds);
        }
    }

    private async Task<KubernetesApiException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var wait = RetryAfter(response);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            using var status = JsonDocument.Parse(text);
            var root = status.RootElement;
            string Text(string name) =>
                root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                    ? value.GetString()!
                    : string.Empty;
            return new KubernetesApiException(
                response.StatusCode,
                Text("reason"),
                Text("message") is { Length: > 0 } message ? message : text,
                wait
            );
        }
        catch (JsonException)
        {
            return new KubernetesApiException(
                response.StatusCode,
                string.Empty,
                $"HTTP {(int)response.StatusCode}: {text[..Math.Min(text.Length, 300)]}",
                wait
            );
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.TooManyRequests && (int)response.StatusCode < 500)
            return null;
        var wait = response.Headers.RetryAfter?.Delta ?? (response.Headers.RetryAfter?.Date - time.GetUtcNow());
        return wait < TimeSpan.Zero ? TimeSpan.Zero
            : wait > LongestRetryAfter ? LongestRetryAfter
            : wait;
    }
}
