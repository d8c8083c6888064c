using System.Globalization;
using AgentReadiness.Api;

namespace AgentReadiness.EvalRunner;

/// <summary>What the operator asks for, from the environment.</summary>
internal sealed record RunnerSettings
{
    /// <summary>Where the kubelet looks for the report.</summary>
    public const string DefaultReportPath = "/dev/termination-log";

    /// <summary>UID of the EvalRun.</summary>
    public required string Run { get; init; }

    /// <summary>Path of the cases.</summary>
    public required string CasesFile { get; init; }

    /// <summary>The digest that the operator computed when it planned the run.</summary>
    public required string CasesDigest { get; init; }

    /// <summary>The agent's endpoint.</summary>
    public required Uri Target { get; init; }

    /// <summary>Cases in flight at once.</summary>
    public int Parallelism { get; init; } = Defaults.BuiltinParallelism;

    /// <summary>The longest that one attempt at a case may take.</summary>
    public TimeSpan CaseTimeout { get; init; } = GoDuration.Parse(Defaults.BuiltinCaseTimeout);

    /// <summary>Tags of cases that must pass.</summary>
    public IReadOnlySet<string> CriticalTags { get; init; } = new HashSet<string>();

    /// <summary>The pause before the first retry; it doubles, and up to half of it is random.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Reads the environment.</summary>
    /// <exception cref="FormatException">A variable is missing or wrong; the message names it.</exception>
    public static RunnerSettings Read(Func<string, string?> variable)
    {
        string Needed(string name) => variable(name) is { Length: > 0 } value ? value : throw new FormatException($"the variable {name} is not set");
        var settings = new RunnerSettings
        {
            Run = Needed("RUN_UID"),
            CasesFile = Needed("CASES_FILE"),
            CasesDigest = Needed("CASES_SHA256"),
            Target = Uri.TryCreate(Needed("TARGET"), UriKind.Absolute, out var target) && target.Scheme is "http" or "https"
                ? target
                : throw new FormatException("TARGET must be an http or https URL"),
            CriticalTags = (variable("CRITICAL_TAGS") ?? string.Empty)
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToHashSet(StringComparer.Ordinal),
        };
        if (variable("PARALLELISM") is { Length: > 0 } parallelism)
        {
            settings = settings with
            {
                Parallelism = int.TryParse(parallelism, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 1024
                    ? number
                    : throw new FormatException("PARALLELISM must be a whole number from 1 to 1024"),
            };
        }
        if (variable("CASE_TIMEOUT") is { Length: > 0 } timeout)
        {
            settings = settings with
            {
                CaseTimeout = GoDuration.TryParse(timeout, out var duration) && duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(1)
                    ? duration
                    : throw new FormatException("CASE_TIMEOUT must be a duration such as \"60s\", at most 24h"),
            };
        }
        return settings;
    }
}
