namespace AgentReadiness.Contracts.Guardrail;

/// <summary>How the agent says that it cannot or will not do what it was asked for.</summary>
public sealed class RefusalPolicy
{
    /// <summary>The HTTP status of a refusal, 400 to 499.</summary>
    public int StatusCode { get; set; } = 422;

    /// <summary>A text that a refusal holds, and what the guardrail says in the agent's place; null: none.</summary>
    public string? Message { get; set; }

    /// <summary>The way to a value in an answer that is JSON: where something stands there, the answer is a refusal. Null: none.</summary>
    public string? Path { get; set; }

    /// <summary>After so many failures in a row the run is answered with the refusal, whatever the agent says; null: never.</summary>
    public int? CannotAnswerAfter { get; set; }
}
