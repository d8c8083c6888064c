namespace AgentReadiness.Guardrail.Admission;

/// <summary>The words for kinds of calls in metrics and logs.</summary>
internal static class CallKinds
{
    /// <summary>The word for a kind.</summary>
    public static string Word(this CallKind kind) =>
        kind switch
        {
            CallKind.Model => "model",
            CallKind.Tool => "tool",
            CallKind.Free => "free",
            CallKind.Background => "background",
            CallKind.Inbound => "inbound",
            _ => "unknown",
        };
}
