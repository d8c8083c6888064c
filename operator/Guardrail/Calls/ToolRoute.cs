using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Calls of tools: counted against the run, and passed on as they are.</summary>
internal sealed class ToolRoute(RunRegistry runs, RequestBody bodies, McpSessions sessions, SideEffectCalls effects, ICallObserver observer)
    : CallRoute
{
    /// <summary>The largest JSON-RPC message, bytes. A plain HTTP tool's body is streamed, and may be of any size.</summary>
    public const int LargestMessage = 32 * 1024 * 1024;

    private static readonly DeadlineRules Bounded = new();

    // Whether it was done is worth knowing also where the agent has gone.
    private static readonly DeadlineRules ReadOn = new() { AfterClient = TimeSpan.MaxValue };
    private static readonly DeadlineRules Endless = new() { IsEndless = true };

    /// <inheritdoc/>
    public override CallKind Kind => CallKind.Tool;

    /// <inheritdoc/>
    public override IReadOnlyList<EndpointKind> Endpoints { get; } = [EndpointKind.Tool];

    /// <inheritdoc/>
    public override string TimeoutCode => "tool_call_timeout";

    /// <inheritdoc/>
    public override async ValueTask<ApiError?> ReadAsync(CallContext call)
    {
        var request = call.Http.Request;
        call.Run = runs.Of(request, null);
        if (call.Upstream!.Format is not McpFormat)
        {
            call.Tool = new ToolMessage(ToolMessage.Call, call.UpstreamName, null, default);
            return await effects.IdentifyAsync(call);
        }
        var session = request.Headers[McpSessions.Header].ToString();
        if (!HttpMethods.IsPost(request.Method))
        {
            if (HttpMethods.IsGet(request.Method) && session.Length is > 0 and <= McpSessions.LongestId)
                call.Opening = sessions.Opening(call.UpstreamName, session);
            return null;
        }
        var (body, error) = await bodies.ReadAsync(call.Http, LargestMessage);
        if (error is not null)
            return error;
        call.Body = body;
        if (body.Length > AnswerRelay.LongText)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        call.Tool = ToolMessage.Read(body.Span, out error);
        if ((error ?? call.Tool!.Mismatch(request.Headers)) is { } refused)
            return refused;
        if (session.Length > 0)
            await sessions.WaitAsync(call.UpstreamName, session, call.Http.RequestAborted);
        return await effects.IdentifyAsync(call);
    }

    /// <inheritdoc/>
    public override CallTimes Times(GuardrailSettings settings) => settings.ToolCall;

    /// <summary>The stream on which an MCP server speaks first may be silent for as long as it likes.</summary>
    public override DeadlineRules Deadline(CallContext call) =>
        call.Upstream!.Format is McpFormat && HttpMethods.IsGet(call.Http.Request.Method) ? Endless
        : call.Effect is not null ? ReadOn
        : Bounded;

    /// <inheritdoc/>
    public override ValueTask<CallAnswer> AnswerAsync(CallContext call) => effects.AnswerAsync(call, Times(call.Settings).Timeout);

    /// <inheritdoc/>
    public override HttpContent? Content(CallContext call) =>
        // Only the body of a POST is read, so that no other one may carry a message past the list of tools.
        call.Upstream!.Format is McpFormat
        && !HttpMethods.IsPost(call.Http.Request.Method)
            ? null
            : SideEffectCalls.Content(call) ?? PassedOn(call);

    /// <inheritdoc/>
    public override RelayTap Tap(CallContext call, HttpResponseMessage answer) =>
        new CopyTap(IsStream(answer), call.Effect is null ? null : bodies.Memory);

    /// <inheritdoc/>
    public override CallOutcome Settle(CallContext call, HttpResponseMessage answer, RelayTap tap, string? cut)
    {
        effects.Settle(call, answer, ((CopyTap)tap).Copy);
        return CallOutcome.Zero((int)answer.StatusCode);
    }

    /// <inheritdoc/>
    public override CallOutcome Broken(CallContext call, int status, bool sent)
    {
        effects.Break(call, sent);
        return CallOutcome.Zero(0);
    }

    /// <inheritdoc/>
    public override void Book(CallContext call, CallOutcome outcome)
    {
        if (call.Tool is { IsCall: true })
            observer.Passed(call, outcome.Status);
    }
}
