using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Calls of a provider that it does not bill. One that asks for an answer made in the background may settle that answer's call.
/// </summary>
internal sealed class FreeRoute(RunRegistry runs, BackgroundCalls background, BodyMemory memory) : CallRoute
{
    private static readonly DeadlineRules Rules = new();

    /// <inheritdoc/>
    public override CallKind Kind => CallKind.Free;

    /// <inheritdoc/>
    public override IReadOnlyList<EndpointKind> Endpoints { get; } = [EndpointKind.Free, EndpointKind.Poll];

    /// <inheritdoc/>
    public override string TimeoutCode => "model_call_timeout";

    /// <inheritdoc/>
    public override ValueTask<ApiError?> ReadAsync(CallContext call)
    {
        call.Run = runs.Of(call.Http.Request, null);
        return default;
    }

    /// <inheritdoc/>
    public override CallTimes Times(GuardrailSettings settings) => settings.ModelCall;

    /// <inheritdoc/>
    public override DeadlineRules Deadline(CallContext call) => Rules;

    /// <inheritdoc/>
    public override HttpContent? Content(CallContext call) => PassedOn(call);

    /// <inheritdoc/>
    public override RelayTap Tap(CallContext call, HttpResponseMessage answer)
    {
        var stream = IsStream(answer);
        var isPoll = call.Endpoint.Kind == EndpointKind.Poll && (int)answer.StatusCode == StatusCodes.Status200OK && !stream;
        return new CopyTap(stream, isPoll ? memory : null);
    }

    /// <inheritdoc/>
    public override CallOutcome Settle(CallContext call, HttpResponseMessage answer, RelayTap tap, string? cut)
    {
        var status = (int)answer.StatusCode;
        if (tap is CopyTap { Copy: { } copy } && call.Endpoint.Id is { } id)
            background.Saw(id, copy, status);
        return CallOutcome.Zero(status);
    }

    /// <inheritdoc/>
    public override CallOutcome Broken(CallContext call, int status, bool sent) => CallOutcome.Zero(0);

    /// <inheritdoc/>
    public override void Book(CallContext call, CallOutcome outcome) { }
}
