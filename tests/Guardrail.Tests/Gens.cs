using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Generators that several tests use.</summary>
internal static class Gens
{
    /// <summary>One of some values.</summary>
    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
