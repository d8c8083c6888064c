using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>The faults that a run of an evaluation is to meet, and those that it met. Safe for any thread.</summary>
internal sealed class RunChaos(ChaosPlan plan, string key)
{
    // Names of tools are the agent's to choose: those beyond share a count.
    private const int MostTargets = 1024;
    private static readonly ChaosTarget Others = new(true, "");

    private readonly Lock gate = new();
    private readonly Dictionary<ChaosTarget, int> calls = [];
    private readonly List<string> met = [];
    private bool isStray;

    /// <summary>Counts an attempt at a call, and says which fault it meets.</summary>
    public ChaosFault? Next(ChaosTarget target)
    {
        int ordinal;
        lock (gate)
        {
            var counted = calls.Count < MostTargets || calls.ContainsKey(target) ? target : Others;
            calls[counted] = ordinal = calls.GetValueOrDefault(counted) + 1;
        }
        return ChaosDice.Draw(plan, key, target, ordinal);
    }

    /// <summary>A call met a fault.</summary>
    public void Met(string fault, string target)
    {
        var word = ChaosHeaders.Word(fault, target);
        lock (gate)
        {
            if (met.Count < ChaosHeaders.MostMet && !met.Contains(word))
                met.Add(word);
        }
    }

    /// <summary>A call belonged to no run while this one was open: it may have been of this one.</summary>
    public void Stray()
    {
        lock (gate)
            isStray = true;
    }

    /// <summary>What the client is told.</summary>
    public override string ToString()
    {
        lock (gate)
            return string.Join(
                ';',
                [plan.Id, .. met.Order(StringComparer.Ordinal), .. isStray ? [ChaosHeaders.Unattributed] : (string[])[]]
            );
    }
}
