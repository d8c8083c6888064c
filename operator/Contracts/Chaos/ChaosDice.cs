using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentReadiness.Contracts.Chaos;

/// <summary>Which call meets which fault. There is no random source: everything follows from plan, case and call. Pure.</summary>
public static class ChaosDice
{
    /// <summary>The length of a case's key.</summary>
    public const int KeyLength = 32;

    /// <summary>
    /// The key of a turn of a case. It is a digest: a guardrail and an agent learn nothing of the held-out set from it, and it is the same
    /// for each repeat, so that trying a case again does not find another fault.
    /// </summary>
    /// <param name="id">The case's ID.</param>
    /// <param name="turn">From 1.</param>
    public static string KeyOf(string id, int turn) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{turn}\n{id}"))))[
            ..KeyLength
        ];

    /// <summary>The fault that a call meets; null: none.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="key">The case's key.</param>
    /// <param name="target">What is called.</param>
    /// <param name="ordinal">The how-many-th call of that target it is in its run, from 1; each attempt is one.</param>
    public static ChaosFault? Draw(ChaosPlan plan, string key, ChaosTarget target, int ordinal)
    {
        var concerned = plan.Faults.Where(fault => fault.Concerns(target)).ToList();
        if (concerned.Count == 0)
            return null;
        var kind = target.IsTool ? "tool" : "upstream";
        // The name is last: it may hold anything.
        var text = string.Create(CultureInfo.InvariantCulture, $"{plan.Seed}\n{plan.Eval}\n{key}\n{ordinal}\n{kind}\n{target.Name}");
        var number = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var drawn = (int)(((UInt128)number * 100) >> 64);
        foreach (var fault in concerned)
        {
            drawn -= fault.Percent;
            if (drawn < 0)
                return fault;
        }
        return null;
    }
}
