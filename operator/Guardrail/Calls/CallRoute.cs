using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Upstreams;
using Microsoft.AspNetCore.Http.Features;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What is particular to a kind of calls on the one way that all of them go.</summary>
internal abstract class CallRoute
{
    /// <summary>The kind.</summary>
    public abstract CallKind Kind { get; }

    /// <summary>The endpoints whose calls go this way.</summary>
    public abstract IReadOnlyList<EndpointKind> Endpoints { get; }

    /// <summary>The code of the error that tells of a timeout.</summary>
    public abstract string TimeoutCode { get; }

    /// <summary>Reads the call's run, its body where that is needed, and what follows from it.</summary>
    /// <returns>Why it cannot be understood; null where it can.</returns>
    public abstract ValueTask<ApiError?> ReadAsync(CallContext call);

    /// <summary>The times of an attempt.</summary>
    public abstract CallTimes Times(GuardrailSettings settings);

    /// <summary>What of the deadline is particular.</summary>
    public abstract DeadlineRules Deadline(CallContext call);

    /// <summary>Cancelled when the call's run has taken too long, where that ends the call.</summary>
    public virtual CancellationToken RunDeadline(CallContext call) => CancellationToken.None;

    /// <summary>The most attempts.</summary>
    public virtual int Attempts(CallContext call) => 1;

    /// <summary>The body of an attempt; null where there is none.</summary>
    public abstract HttpContent? Content(CallContext call);

    /// <summary>What watches the answer.</summary>
    public abstract RelayTap Tap(CallContext call, HttpResponseMessage answer);

    /// <summary>How an attempt ended whose answer was relayed.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="tap">What watched it.</param>
    /// <param name="cut">Why it was cut; null where it was not.</param>
    public abstract CallOutcome Settle(CallContext call, HttpResponseMessage answer, RelayTap tap, string? cut);

    /// <summary>How an attempt ended that gave no whole answer.</summary>
    /// <param name="call">The call.</param>
    /// <param name="status">What the upstream answered; 0 where it did not.</param>
    /// <param name="sent">A byte of the request may have left.</param>
    public abstract CallOutcome Broken(CallContext call, int status, bool sent);

    /// <summary>Books what an attempt cost. Called once for each attempt that had its claims.</summary>
    public abstract void Book(CallContext call, CallOutcome outcome);

    /// <summary>A body that is passed on as it is; null where the request has none.</summary>
    protected static HttpContent? PassedOn(CallContext call)
    {
        var request = call.Http.Request;
        // A body is there where the request says so, whatever its method (RFC 9112, 6).
        if (
            call.Http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false
            || request.ContentLength == 0 && IsBodiless(request.Method)
        )
            return null;
        HttpContent content = call.Body is { } bytes ? new ReadOnlyMemoryContent(bytes) : new UploadContent(request.Body, call.Time);
        // What was read as JSON is sent as JSON. A plain HTTP tool's body is nobody's to read.
        var isJson = call.Body is not null && call.Upstream!.Format is not HttpFormat;
        if ((isJson ? JsonContentType.Sent(request.ContentType) : request.ContentType) is { } type)
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (request.Headers.ContentEncoding.Count > 0)
            content.Headers.TryAddWithoutValidation("Content-Encoding", (string?)request.Headers.ContentEncoding);
        if (call.Body is null && request.ContentLength is { } length)
            content.Headers.ContentLength = length;
        return content;
    }

    // With these, "Content-Length: 0" means nothing; with others, some servers ask for it (RFC 9110, 8.6).
    private static bool IsBodiless(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method);

    /// <summary>Whether an answer says that it is a stream of events or of lines of JSON, as Ollama's are.</summary>
    protected static bool IsStream(HttpResponseMessage answer) =>
        IsEvents(answer)
        || answer.Content.Headers.ContentType?.MediaType?.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Whether an answer says that it is a stream of events.</summary>
    protected static bool IsEvents(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType?.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
}
