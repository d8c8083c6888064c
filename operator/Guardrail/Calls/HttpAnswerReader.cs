using System.Text.Json;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Reads the body of a plain HTTP tool as the declared failures look at it. It puts nothing in.</summary>
internal sealed class HttpAnswerReader(ToolFailures failures, CallContext call, ToolFailureSettings settings) : IAnswerReader
{
    /// <inheritdoc/>
    public IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text)
    {
        FailureRule? rule;
        try
        {
            rule = settings.Find(call.Tool!.Tool, ToolContent.OfBody(text));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A name or a text that is no UTF-16: JSON lets it pass, and .NET does not.
            failures.Unread(call, UnreadAnswer.NotMessage);
            return [];
        }
        if (rule is null)
        {
            call.Run!.ToolSucceeded();
            return [];
        }
        var failure = ToolFailures.KindOf(rule);
        failures.Failed(call, failure);
        ToolFailures.Tell(call, settings, failure);
        return [];
    }

    /// <inheritdoc/>
    public void Skip(UnreadAnswer why) => failures.Unread(call, why);
}
