using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Calls of tools: counted against the run, and passed on as they are.</summary>
internal sealed class ToolRoute(
    RunRegistry runs,
    RequestBody bodies,
    McpSessions sessions,
    SideEffectCalls effects,
    ToolAnswers answers,
    ToolSchemas schemas,
    ICallObserver observer
) : CallRoute
{
    /// <summary>The largest JSON-RPC message, bytes. A plain HTTP tool's body is streamed, and may be of any size.</summary>
    public const int LargestMessage = 32 * 1024 * 1024;

    /// <summary>The largest body of a plain HTTP tool's call that is kept, so that the call can be repeated, bytes.</summary>
    public const int LargestKept = 1024 * 1024;

    private static readonly DeadlineRules Bounded = new();

    // Whether it was done is worth knowing also where the agent has gone.
    private static readonly DeadlineRules ReadOn = new() { OutlivesClient = true };
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
            OffPathTools.Crossed(call);
            return await effects.IdentifyAsync(call) ?? (call.EffectKey is null ? await KeepAsync(call) : null);
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
        schemas.See(call);
        OffPathTools.Crossed(call);
        return await effects.IdentifyAsync(call);
    }

    /// <inheritdoc/>
    public override CallTimes Times(GuardrailSettings settings) => settings.ToolCall;

    /// <summary>The stream on which an MCP server speaks first may be silent for as long as it likes.</summary>
    public override DeadlineRules Deadline(CallContext call) =>
        call.IsListening ? Endless
        : call.Effect is not null ? ReadOn
        : Bounded;

    /// <summary>
    /// A run that is over waits for no tool. The stream on which a server speaks may be of other runs, too, and whether a call with side
    /// effects was done is worth its own timeout.
    /// </summary>
    public override CancellationToken RunDeadline(CallContext call) =>
        call.IsListening || call.EffectKey is not null || call.Settings.Limits.Observe ? CancellationToken.None : call.Run!.Deadline;

    /// <summary>A call with side effects is sent once, whoever else says that it may be repeated.</summary>
    public override int Attempts(CallContext call) =>
        call.EffectKey is null && call.Settings.ToolCall.Attempts is > 1 and var most && RepeatableCall.May(FactsOf(call)) ? most : 1;

    /// <inheritdoc/>
    public override HttpContent? Content(CallContext call) =>
        // Only the body of a POST is read, so that no other one may carry a message past the list of tools.
        call.Upstream!.Format is McpFormat
        && !HttpMethods.IsPost(call.Http.Request.Method)
            ? null
            : SideEffectCalls.Content(call) ?? PassedOn(call);

    /// <inheritdoc/>
    public override RelayTap Tap(CallContext call, HttpResponseMessage answer)
    {
        // What a server says of its tools is only needed where calls of them may be repeated.
        var isList = call.Tool?.Method == ToolList.Method && call.Settings.ToolCall.Attempts > 1 && answer.IsSuccessStatusCode;
        var inner = answers.Tap(call, answer, IsStream(answer), IsEvents(answer));
        return call.Effect is not null
            ? effects.Tap(call, answer, IsStream(answer), inner)
            : inner ?? new CopyTap(IsStream(answer), isList ? bodies.Memory : null);
    }

    /// <inheritdoc/>
    public override CallOutcome Settle(CallContext call, HttpResponseMessage answer, RelayTap tap, string? cut)
    {
        // An answer that breaks off was none.
        if (call is { SucceedsAtEnd: true, IsBrokenOff: false })
            call.Run!.ToolSucceeded();
        if (call.Effect is not null)
            effects.Settle(call, answer, (EffectTap)tap);
        else if (tap is CopyTap { Copy: { } list })
            schemas.LearnHints(call, list);
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
        if (call.Tool is { IsCall: true } && outcome is { Status: 0, MayRetry: false })
            answers.Failures.Unanswered(call, RunDeadline(call).IsCancellationRequested);
    }

    /// <summary>Keeps the body of a plain HTTP tool's call that may be repeated; all others are streamed.</summary>
    private async ValueTask<ApiError?> KeepAsync(CallContext call)
    {
        var request = call.Http.Request;
        if (
            call.Settings.ToolCall.Attempts == 1
            || call.HasNoBody
            || request.ContentLength is not (> 0 and <= LargestKept)
            || request.Headers.ContentEncoding.Count > 0
            || !RepeatableCall.May(FactsOf(call) with { HasWholeBody = true })
        )
            return null;
        var (body, error) = await bodies.ReadAsync(call.Http, LargestKept);
        if (error is null)
            call.Body = body;
        return error;
    }

    private RepeatFacts FactsOf(CallContext call)
    {
        var (message, request) = (call.Tool, call.Http.Request);
        var tool = message is { IsCall: true } ? message.Tool : null;
        return new RepeatFacts
        {
            Format = call.Upstream!.Format,
            HttpMethod = request.Method,
            Tool = tool,
            HasWholeBody = call.Body is not null || call.HasNoBody,
            HasKey = message?.HasKey == true || RepeatableCall.IsKey(request.Headers[RepeatableCall.KeyHeader]),
            IsDeclaredReadOnly = tool is not null && call.Settings.Reliability.IsReadOnly(tool),
            IsHinted = tool is not null && schemas.MayRepeat(call, tool),
        };
    }
}
