namespace AgentReadiness.Cli.Chaos;

/// <summary>A case, as far as a plan of chaos needs it.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Turns">How many turns it has.</param>
internal sealed record CaseId(string Id, int Turns);
