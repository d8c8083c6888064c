using AgentReadiness.Contracts;

namespace AgentReadiness.Story;

/// <summary>
/// What the model provider itself counted, priced here with the public price of the sample's model, apart from our catalog.
/// </summary>
/// <param name="Completed">Cost of the calls that were answered to the end, USD.</param>
/// <param name="CompletedCalls">How many.</param>
/// <param name="Aborted">Cost of the calls that were cut off, USD.</param>
/// <param name="AbortedCalls">How many.</param>
public sealed record ProviderWitness(Money Completed, long CompletedCalls, Money Aborted, long AbortedCalls)
{
    // gpt-5.4-mini, USD per token: input, cached input, output.
    private const decimal Input = 0.75e-6m;
    private const decimal Cached = 0.075e-6m;
    private const decimal Output = 4.5e-6m;

    /// <summary>Reads it through the API server's proxy.</summary>
    public static async Task<ProviderWitness> ReadAsync(CancellationToken cancellationToken)
    {
        var text = await CommandLine.RunAsync(
            "kubectl",
            ["get", "--raw", "/api/v1/namespaces/model-provider/services/model-provider:80/proxy/_witness"],
            null,
            cancellationToken
        );
        using var document = JsonDocument.Parse(text);
        var completed = document.RootElement.GetProperty("completed");
        var aborted = document.RootElement.GetProperty("aborted");
        return new ProviderWitness(
            Cost(completed),
            completed.GetProperty("calls").GetInt64(),
            Cost(aborted),
            aborted.GetProperty("calls").GetInt64()
        );
    }

    private static Money Cost(JsonElement counts)
    {
        var prompt = counts.GetProperty("prompt_tokens").GetInt64();
        var cached = counts.GetProperty("cached_tokens").GetInt64();
        var output = counts.GetProperty("completion_tokens").GetInt64();
        return new Money(((prompt - cached) * Input) + (cached * Cached) + (output * Output));
    }
}
