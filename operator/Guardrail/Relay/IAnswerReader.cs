using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Reads what a tool answers while it is on its way.</summary>
internal interface IAnswerReader
{
    /// <summary>A text has come: the whole body, or the data of one event.</summary>
    /// <returns>What is to be put into it, or instead of some of it, in the order of places.</returns>
    IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text);

    /// <summary>A text went on unread.</summary>
    void Skip(UnreadAnswer why);

    /// <summary>What the answer is cut with where a text of it could not be read; null: that text goes on.</summary>
    ReadOnlyMemory<byte>? Tail => null;
}
