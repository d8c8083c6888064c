using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace AgentReadiness.Contracts.Chaos;

/// <summary>What one evaluation makes the candidate meet: the same plan, case and call meet the same fault, each time.</summary>
public sealed class ChaosPlan
{
    /// <summary>The longest ID.</summary>
    public const int IdLength = 16;

    /// <summary>Names the plan: a digest of everything in it. Another seed or another rate is another plan.</summary>
    public required string Id { get; init; }

    /// <summary>The evaluation's name.</summary>
    public required string Eval { get; init; }

    /// <summary>What the choice of calls follows from, beside the evaluation, the case and the call.</summary>
    public int Seed { get; set; }

    /// <summary>The faults, in their order.</summary>
    public required IReadOnlyList<ChaosFault> Faults { get; init; }

    /// <summary>A plan with its ID.</summary>
    public static ChaosPlan Of(string eval, int seed, IReadOnlyList<ChaosFault> faults) =>
        new()
        {
            Id = Digest(eval, seed, faults),
            Eval = eval,
            Seed = seed,
            Faults = faults,
        };

    private static string Digest(string eval, int seed, IReadOnlyList<ChaosFault> faults)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            json.WriteStringValue(eval);
            json.WriteNumberValue(seed);
            foreach (var fault in faults)
            {
                json.WriteStartArray();
                foreach (var text in (string?[])[fault.Fault, fault.Upstream, fault.Tool, fault.Delay, fault.Text])
                {
                    if (text is null)
                        json.WriteNullValue();
                    else
                        json.WriteStringValue(text);
                }
                json.WriteNumberValue(fault.Percent);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan))[..IdLength];
    }
}
