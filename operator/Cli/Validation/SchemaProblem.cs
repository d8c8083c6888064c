namespace AgentReadiness.Cli.Validation;

/// <summary>A place at which an object breaks its schema.</summary>
/// <param name="Kind">In what way.</param>
/// <param name="Path">The field, for example "spec.evals[0].minScore".</param>
/// <param name="Message">What is wrong, and what to write instead.</param>
internal sealed record SchemaProblem(ProblemKind Kind, string Path, string Message);
