using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.EvalSuites;

/// <summary>A suite as an agent meets it.</summary>
/// <param name="Suite">The suite; null where there is none.</param>
/// <param name="CasesDigest">Digest of the ConfigMaps with the cases; null where one is missing.</param>
public sealed record SuiteView(EvalSuite? Suite, string? CasesDigest)
{
    /// <summary>What its runner or its judge would need and is not lent to suites; null where nothing is missing.</summary>
    public string? NotLent { get; init; }
}
