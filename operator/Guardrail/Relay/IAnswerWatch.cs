using AgentReadiness.Guardrail.Schemas;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Looks at what a model answers, while it is read for its usage, and may refuse it.</summary>
internal interface IAnswerWatch
{
    /// <summary>The event that tells of the refusal, in the provider's shape; null while nothing is refused.</summary>
    string? Refusal { get; }

    /// <summary>An event of a stream, before it goes on.</summary>
    void Event(ReadOnlySpan<byte> data);

    /// <summary>A whole answer.</summary>
    void Whole(ReadOnlySpan<byte> answer);

    /// <summary>The answer has said all. It may be told more than once.</summary>
    void End();

    /// <summary>Something of the answer is not read.</summary>
    void Skip(ToolVerdict why);
}
