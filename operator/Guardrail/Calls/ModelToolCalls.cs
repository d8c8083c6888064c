using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Holds the calls of tools that a model's answer asks for against the tools that the request offers. The request is only taken apart for
/// that when the answer has such a call.
/// </summary>
internal sealed class ModelToolCalls : IAnswerWatch
{
    private const string Id = "model-tool-call";

    private readonly CallContext call;
    private readonly ToolSchemaSettings settings;
    private readonly ICallObserver observer;
    private readonly EmittedCalls emitted;
    private OfferedTools? offered;

    private ModelToolCalls(CallContext call, ToolSchemaSettings settings, ICallObserver observer)
    {
        (this.call, this.settings, this.observer) = (call, settings, observer);
        emitted = EmittedCalls.Of(call.Endpoint.Api, See)!;
    }

    /// <inheritdoc/>
    public string? Refusal { get; private set; }

    /// <summary>An answer that is no stream waits until it was looked at.</summary>
    public bool Holds => settings.Marks;

    /// <summary>What looks at an answer; null where that is not declared, or its format calls no tools.</summary>
    public static ModelToolCalls? Of(CallContext call, ICallObserver observer)
    {
        call.AnswerError = null;
        return call.Settings.ToolSchemas is { Checks: true } settings && EmittedCalls.Of(call.Endpoint.Api, _ => { }) is not null
            ? new ModelToolCalls(call, settings, observer)
            : null;
    }

    /// <inheritdoc/>
    public void Event(ReadOnlySpan<byte> data) => emitted.Event(data);

    /// <inheritdoc/>
    public void Whole(ReadOnlySpan<byte> answer)
    {
        emitted.Whole(answer);
        emitted.End();
    }

    /// <inheritdoc/>
    public void End() => emitted.End();

    /// <inheritdoc/>
    public void Skip(ToolVerdict why) => emitted.Skip(why);

    private void See(EmittedCall asked)
    {
        ToolCheck check;
        if (asked is { Tool.Length: 0, Unread: { } unread })
        {
            check = new ToolCheck(unread);
        }
        else
        {
            offered ??= OfferedTools.Read(call.Endpoint.Api, call.Body!.Value);
            check = offered.Check(asked, call.Time);
        }
        observer.ToolChecked(call, new CheckedCall(ToolCaller.Model, asked.Tool, check));
        ToolSchemas.Tell(call, check);
        if (!settings.Stops(check.Verdict) || call.AnswerError is not null)
            return;
        var error = new ApiError(
            502,
            ToolSchemaCheck.Code,
            "The model asked for a call that does not pass (guardrails.tools.schemaCheck). "
                + $"{check.Sentence(SchemaPlace.Short(asked.Tool, 64))}"
        );
        call.AnswerError = error;
        Refusal = call.Upstream!.Format.ErrorEvent(error, call.Endpoint);
        observer.Refused(call, new CallRefusal(Id, error));
    }
}
