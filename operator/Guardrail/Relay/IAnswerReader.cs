using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Reads what a tool answers while it is on its way.</summary>
internal interface IAnswerReader
{
    /// <summary>A text has come: the whole body, or the data of one event.</summary>
    /// <returns>What is to be put into it, in the order of places; nothing is taken out.</returns>
    IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text);

    /// <summary>A text went on unread.</summary>
    void Skip(UnreadAnswer why);
}
