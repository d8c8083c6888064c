using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>A refusal of a call.</summary>
/// <param name="Id">The ID of the check or claim that refuses, or of the step of the pipeline.</param>
/// <param name="Error">What the agent is told.</param>
internal sealed record CallRefusal(string Id, ApiError Error)
{
    /// <summary>The ID where the request itself cannot be understood or is for nothing that is known.</summary>
    public const string Identify = "identify";
}
