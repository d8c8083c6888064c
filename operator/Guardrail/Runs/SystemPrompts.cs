using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// The system prompts of a run: that of its first model call, and of each conversation that it begins later, as a sub-agent does. A
/// conversation that goes on must still have one of them. Safe for any thread.
/// </summary>
internal sealed class SystemPrompts
{
    /// <summary>The most prompts of one run; beyond that nobody says that one is lost.</summary>
    public const int Most = 16;

    // Of each end of a long prompt.
    private const int Kept = 4096;

    private readonly Lock gate = new();
    private readonly List<Prompt> pinned = [];

    // How conversations began that have no system prompt: a question for a title, a classifier.
    private readonly HashSet<UInt128> without = [];

    /// <summary>Looks at a model call of the run: whether what its model was told first is gone.</summary>
    public bool IsLost(Conversation conversation)
    {
        var prompt = Prompt.Of(conversation.SystemPrompt.Trim());
        lock (gate)
        {
            if (pinned.Count == Most || without.Count == Most)
                return false;
            if (prompt.Length == 0)
                return IsLostWithout(conversation);
            if (pinned.Contains(prompt))
                return false;
            if (pinned.Count > 0 && conversation.GoesOn)
                return !pinned.Exists(prompt.Keeps);
            pinned.Add(prompt);
            return false;
        }
    }

    private bool IsLostWithout(Conversation conversation)
    {
        if (conversation.GoesOn && pinned.Count > 0)
            return conversation.IsStored ? without.Count == 0 : !without.Contains(conversation.Opening);
        without.Add(conversation.Opening);
        return false;
    }

    private readonly record struct Prompt(string Head, string Tail, int Length)
    {
        public static Prompt Of(string text) =>
            text.Length <= Kept ? new Prompt(text, text, text.Length) : new Prompt(text[..Kept], text[^Kept..], text.Length);

        /// <summary>
        /// At least half of the other is still there, from its beginning or from its end: many agents write the time, or what they
        /// remember, anew into each request.
        /// </summary>
        public bool Keeps(Prompt other)
        {
            var half = (other.Head.Length + 1) / 2;
            return Head.AsSpan().CommonPrefixLength(other.Head) >= half || CommonSuffix(Tail, other.Tail) >= half;
        }

        private static int CommonSuffix(string one, string other)
        {
            var length = 0;
            while (length < one.Length && length < other.Length && one[^(length + 1)] == other[^(length + 1)])
                length++;
            return length;
        }
    }
}
