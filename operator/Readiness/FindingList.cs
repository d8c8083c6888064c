using System.Collections;

namespace AgentReadiness.Readiness;

/// <summary>The findings on one object, in the order in which its rules looked.</summary>
public sealed class FindingList : IReadOnlyList<Finding>
{
    private readonly List<Finding> findings = [];

    /// <inheritdoc/>
    public int Count => findings.Count;

    /// <inheritdoc/>
    public Finding this[int index] => findings[index];

    /// <summary>Adds a finding.</summary>
    /// <param name="check">The check that fails.</param>
    /// <param name="field">The field's path.</param>
    /// <param name="message">What is wrong with the field and what to write instead.</param>
    public void Add(Check check, string field, string message) => findings.Add(new Finding(check, field, message));

    /// <inheritdoc/>
    public IEnumerator<Finding> GetEnumerator() => findings.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
