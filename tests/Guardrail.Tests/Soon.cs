namespace AgentReadiness.Guardrail.Tests;

/// <summary>Waits for what happens soon, and has no signal of its own.</summary>
internal static class Soon
{
    /// <summary>Until something is so.</summary>
    public static async Task Until(Func<bool> isSo, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(20))
                throw new TimeoutException($"waited 20 s for {what}");
            await Task.Yield();
        }
    }
}
