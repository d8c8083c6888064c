namespace AgentReadiness.Runtime;

/// <summary>What an event is, in the words of its type field.</summary>
public enum EventType
{
    /// <summary>For information.</summary>
    Normal,

    /// <summary>Somebody may have to act.</summary>
    Warning,
}
