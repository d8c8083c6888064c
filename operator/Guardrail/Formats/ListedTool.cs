namespace AgentReadiness.Guardrail.Formats;

/// <summary>A tool in an MCP server's list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="MayRepeat">The server says that it changes nothing, or that a second equal call changes nothing more.</param>
internal readonly record struct ListedTool(string Name, bool MayRepeat);
