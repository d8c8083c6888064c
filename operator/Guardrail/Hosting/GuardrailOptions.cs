using System.Net;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Hosting;

/// <summary>Where a guardrail finds its configuration and listens. The defaults are those of a pod; tests choose free ports.</summary>
internal sealed record GuardrailOptions
{
    /// <summary>The configuration file.</summary>
    public string ConfigPath { get; init; } = GuardrailPaths.Config;

    /// <summary>The folder of the journal.</summary>
    public string JournalDirectory { get; init; } = GuardrailPaths.JournalDirectory;

    /// <summary>The termination message's file.</summary>
    public string TerminationLog { get; init; } = GuardrailPaths.TerminationLog;

    /// <summary>The port of the agent's calls out, on 127.0.0.1.</summary>
    public int EgressPort { get; init; } = GuardrailPorts.Egress;

    /// <summary>The admin port.</summary>
    public int AdminPort { get; init; } = GuardrailPorts.Admin;

    /// <summary>The address of the admin port and the agent's ports.</summary>
    public IPAddress Address { get; init; } = IPAddress.Any;
}
