using AgentReadiness.Guardrail.Configuration;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>Calls and tokens of this pod in a minute: two buckets that fill evenly, each as large as its limit.</summary>
internal sealed class RateLimiter(TimeProvider time)
{
    private readonly Lock gate = new();
    private double calls = double.MaxValue;
    private double tokens = double.MaxValue;
    private long filledAt = time.GetTimestamp();

    /// <summary>Takes a call; else tells the limit that refuses it and when to come back.</summary>
    public (string Limit, TimeSpan After)? TryTake(RunPolicy policy, long callTokens)
    {
        if (policy.RequestsPerMinute == 0 && policy.TokensPerMinute == 0)
            return null;
        lock (gate)
        {
            var minutes = time.GetElapsedTime(filledAt).TotalMinutes;
            filledAt = time.GetTimestamp();
            calls = Math.Min(policy.RequestsPerMinute, calls + (minutes * policy.RequestsPerMinute));
            tokens = Math.Min(policy.TokensPerMinute, tokens + (minutes * policy.TokensPerMinute));
            if (policy.RequestsPerMinute > 0 && calls < 1)
                return ("requestsPerMinute", TimeSpan.FromMinutes((1 - calls) / policy.RequestsPerMinute));
            // A call that is larger than the bucket goes when the bucket is full.
            var needed = Math.Min(callTokens, policy.TokensPerMinute);
            if (policy.TokensPerMinute > 0 && tokens < needed)
                return ("tokensPerMinute", TimeSpan.FromMinutes((needed - tokens) / policy.TokensPerMinute));
            calls -= 1;
            tokens -= callTokens;
            return null;
        }
    }

    /// <summary>Gives back a call that was taken and not made.</summary>
    public void Release(RunPolicy policy, long callTokens)
    {
        if (policy.RequestsPerMinute == 0 && policy.TokensPerMinute == 0)
            return;
        lock (gate)
        {
            calls = Math.Min(policy.RequestsPerMinute, calls + 1);
            tokens = Math.Min(policy.TokensPerMinute, tokens + callTokens);
        }
    }
}
