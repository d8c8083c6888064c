using System.Text.Json;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>A tool as an MCP server publishes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Print">A hash of what a model is told of it: name, title, description, input schema and annotations, whatever the order of
/// their members.</param>
/// <param name="Schema">The schema of its arguments; null where it has none.</param>
internal sealed record ToolDefinition(string Name, string Print, JsonElement? Schema);
