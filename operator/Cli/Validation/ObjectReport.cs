using AgentReadiness.Readiness;

namespace AgentReadiness.Cli.Validation;

/// <summary>What can be told about an object without a cluster.</summary>
/// <param name="Findings">What the API server or the operator refuses.</param>
/// <param name="Hints">"FIELD: PROBLEM" of what the API server will most likely refuse later, in the pods.</param>
/// <param name="Unchecked">What could not be checked here.</param>
internal sealed record ObjectReport(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Hints, IReadOnlyList<string> Unchecked);
