namespace AgentReadiness.Readiness;

/// <summary>A check that an object fails, and where.</summary>
/// <param name="Check">The check.</param>
/// <param name="Field">The field's path, for example "spec.budget.windows[0].maxCost".</param>
/// <param name="Message">What is wrong with this field and what to write instead.</param>
public sealed record Finding(Check Check, string Field, string Message)
{
    /// <summary>"field: message", as conditions and events of the object say it.</summary>
    public override string ToString() => $"{Field}: {Message}";
}
