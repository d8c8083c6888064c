using System.Text.Json.Serialization;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Contracts;

/// <summary>JSON of the guardrail's configuration and grant protocol, generated at compile time so that Native AOT can use it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(GuardrailConfig))]
[JsonSerializable(typeof(GrantRequest))]
[JsonSerializable(typeof(GrantResponse))]
[JsonSerializable(typeof(FinalReports))]
public sealed partial class ContractsJson : JsonSerializerContext;
