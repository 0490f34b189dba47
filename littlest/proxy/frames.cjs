// Lets the web sites that `frame_ancestors` names show the hub and users' servers in a frame.
//   LITTLEST_FRAME_ANCESTORS  their origins
// A browser keeps cookies of such a frame only with SameSite=None and Secure, and nearly all of them only with Partitioned:
// they are then sent in frames on that site and nowhere else. So only a frame gets them. In all other windows cookies stay
// SameSite=Lax, and no browser ever has a cookie in both forms.
"use strict";

const ancestors = process.env.LITTLEST_FRAME_ANCESTORS ?? "";
const MARK = "__Host-littlest-frame"; // the browser sends it from nowhere but such a frame
const FRAMES = ["iframe", "frame", "embed", "object", "fencedframe"];

// Whether a request opens a page in a frame on another site.
function isEntry({ "sec-fetch-dest": destination, "sec-fetch-site": site }) {
  return FRAMES.includes(destination) && site === "cross-site";
}

// Whether a request comes from such a frame. A browser that does not say keeps all cookies of the hub in one place.
function isFramed(headers) {
  const hasMark = (headers.cookie ?? "").split(";").some((one) => one.trim().startsWith(`${MARK}=`));
  return hasMark || isEntry(headers) || headers["sec-fetch-dest"] === undefined;
}

function forFrame(cookie) {
  const [pair, ...attributes] = cookie.split(";");
  const others = attributes.filter((one) => !/^\s*(samesite|secure|partitioned)\s*(=|$)/i.test(one));
  return [pair, ...others, " SameSite=None", " Secure", " Partitioned"].join(";");
}

// Changes the headers of an answer to a request with the headers `asked`; without the setting it changes nothing.
function openFrames(asked, headers) {
  if (!ancestors) return;
  delete headers["x-frame-options"];
  const policies = (headers["content-security-policy"] ?? "").split(",").map((policy) => {
    const others = policy.split(";").filter((one) => one.trim() && !/^\s*frame-ancestors(\s|$)/i.test(one));
    return [`frame-ancestors ${ancestors}`, ...others.map((one) => one.trim())].join("; ");
  });
  headers["content-security-policy"] = policies.join(", ");
  if (!isFramed(asked)) return;
  const cookies = (headers["set-cookie"] ?? []).map(forFrame);
  if (isEntry(asked)) cookies.push(forFrame(`${MARK}=1; Path=/; HttpOnly`));
  if (cookies.length) headers["set-cookie"] = cookies;
}

module.exports = openFrames;
